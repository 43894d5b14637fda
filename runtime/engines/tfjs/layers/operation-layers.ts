import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";
import type { LayerArgs, LayerClass, Shape, Tensor } from "./layer-class.ts";

type Operation = (tf: typeof Core, a: Tensor | number, b: Tensor | number) => Tensor;

/** Keras 3's arithmetic on tensors: see `plainOperations` in formats/keras/topology/operations.ts. */
const operations: Readonly<Record<string, Operation>> = {
  Add: (tf, a, b) => tf.add(a, b),
  Subtract: (tf, a, b) => tf.sub(a, b),
  Multiply: (tf, a, b) => tf.mul(a, b),
  TrueDivide: (tf, a, b) => tf.div(a, b),
  Divide: (tf, a, b) => tf.div(a, b),
  Maximum: (tf, a, b) => tf.maximum(a, b),
  Minimum: (tf, a, b) => tf.minimum(a, b),
};

/** Layers for `ops.Add` and similar: operations on two tensors, or on a tensor and a number. */
export function operationLayers(tf: typeof Core, { layers }: typeof Layers): readonly LayerClass[] {
  return Object.entries(operations).map(
    ([name, apply]) =>
      class extends layers.Layer {
        static className: string = `ops.${name}`;
        readonly operands: readonly unknown[];

        constructor(args: LayerArgs) {
          super(args);
          const { args: operands } = args;
          this.operands = Array.isArray(operands) ? operands : [];
        }

        override call(inputs: Tensor | Tensor[]): Tensor {
          const tensors = [inputs].flat();
          let next = 0;
          const [a = 0, b = 0] = this.operands.map((operand) =>
            typeof operand === "number" ? operand : tensors[next++],
          );
          return tf.tidy(() => apply(tf, a, b));
        }

        override computeOutputShape(shape: Shape | Shape[]): Shape {
          const shapes = shape.filter((one) => Array.isArray(one));
          const [first = [], second = first] = shapes.length === 0 ? [shape as Shape] : shapes; // a single shape if it contains no lists
          return first.map((size, axis) => (size === 1 ? (second[axis] ?? null) : size));
        }

        override computeMask(): Tensor {
          return null as unknown as Tensor; // tfjs-layers' value for no mask
        }
      },
  );
}
