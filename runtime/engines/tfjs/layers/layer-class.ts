import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";

/** A layer of TensorFlow.js. */
export type Layer = Layers.layers.Layer;
/** Shape of a layer's value; null is any size. */
export type Shape = Layers.Shape;
/** A tensor of TensorFlow.js. */
export type Tensor = Core.Tensor;
/** Options of a layer as tfjs-layers hands them to its constructor: Keras' names in camel case. */
export type LayerArgs = Readonly<Record<string, unknown>>;
/** What TensorFlow.js hands to `call` beside the inputs. */
export type Kwargs = Readonly<Record<string, unknown>>;
/** A class that TensorFlow.js can make a layer of from its configuration. */
export type LayerClass = (new (args: LayerArgs) => Layer) & { className: string };

/** The class that tfjs-layers has registered under a Keras name: most are not exported. */
export function registeredClass(tf: typeof Core, className: string): LayerClass {
  const registered = tf.serialization.SerializationMap.getMap().classNameMap[className];
  if (registered === undefined) throw new Error(`tfjs-layers has no class ${className}`);
  return registered[0] as unknown as LayerClass; // the registry is typed for serialization only
}

/** The one tensor of a layer that takes one. */
export function oneTensor(inputs: Tensor | Tensor[]): Tensor {
  const tensor = Array.isArray(inputs) ? inputs[0] : inputs;
  if (tensor === undefined) throw new RangeError("the layer got no input");
  return tensor;
}

/** The one shape of a layer that takes one. A copy: tfjs-layers changes some in place. */
export function oneShape(shape: Shape | Shape[]): Shape {
  const [first] = shape;
  return Array.isArray(first) ? [...first] : shape.map((size) => (Array.isArray(size) ? null : size));
}

/** The mask of a layer's input, if it has one. */
export function maskOf(kwargs: Kwargs | undefined): Tensor | undefined {
  const mask = kwargs?.["mask"];
  const first: unknown = Array.isArray(mask) ? mask[0] : mask;
  return (first ?? undefined) as Tensor | undefined; // tfjs-layers passes tensors under this name
}

/** A number or a list of numbers, as Keras lets most sizes be. */
export function numbers(value: unknown, fallback: readonly number[]): readonly number[] {
  if (typeof value === "number") return [value];
  return Array.isArray(value) ? value.flat().map(Number) : fallback;
}
