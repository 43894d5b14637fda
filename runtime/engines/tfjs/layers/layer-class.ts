import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";

/** A TensorFlow.js layer. */
export type Layer = Layers.layers.Layer;
/** Shape of a layer's input or output; null is any size. */
export type Shape = Layers.Shape;
/** A tensor of TensorFlow.js. */
export type Tensor = Core.Tensor;
/** Constructor options of a layer as tfjs-layers passes them: Keras' names in camel case. */
export type LayerArgs = Readonly<Record<string, unknown>>;
/** Further arguments of `call`, such as the mask. */
export type Kwargs = Readonly<Record<string, unknown>>;
/** A layer class that can be registered for deserialization. */
export type LayerClass = (new (args: LayerArgs) => Layer) & { className: string };

/** The class that tfjs-layers registers under a Keras name: most are not exported. */
export function registeredClass(tf: typeof Core, className: string): LayerClass {
  const registered = tf.serialization.SerializationMap.getMap().classNameMap[className];
  if (registered === undefined) throw new Error(`tfjs-layers has no class ${className}`);
  return registered[0] as unknown as LayerClass; // the registry is typed for serialization only
}

/** The input of a single-input layer. */
export function oneTensor(inputs: Tensor | Tensor[]): Tensor {
  const tensor = Array.isArray(inputs) ? inputs[0] : inputs;
  if (tensor === undefined) throw new RangeError("the layer got no input");
  return tensor;
}

/** The shape of a single-input layer's input. A copy: tfjs-layers modifies some shapes in place. */
export function oneShape(shape: Shape | Shape[]): Shape {
  const [first] = shape;
  return Array.isArray(first) ? [...first] : shape.map((size) => (Array.isArray(size) ? null : size));
}

/** The mask of a layer's input, if any. */
export function maskOf(kwargs: Kwargs | undefined): Tensor | undefined {
  const mask = kwargs?.["mask"];
  const first: unknown = Array.isArray(mask) ? mask[0] : mask;
  return (first ?? undefined) as Tensor | undefined; // tfjs-layers passes tensors under this name
}

/** Numbers given as one number or a list, as Keras allows for most sizes. */
export function numbers(value: unknown, fallback: readonly number[]): readonly number[] {
  if (typeof value === "number") return [value];
  return Array.isArray(value) ? value.flat().map(Number) : fallback;
}
