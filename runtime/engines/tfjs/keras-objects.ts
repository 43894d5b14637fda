import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";
import { addedLayers } from "./layers/added-layers.ts";
import { correctedLayers } from "./layers/corrected-layers.ts";
import { operationLayers } from "./layers/operation-layers.ts";
import { gruResetAfter, gruResetAfterCell } from "./layers/gru-cell.ts";
import { imageLayers } from "./layers/image-layers.ts";

/** Elements that the weights of the model being built may take. Building is synchronous: one model at a time. */
let budget = { left: 0 };

/** Thrown while a model is built whose layers ask for more weights than its file can hold. */
export class WeightBudgetError extends Error {
  readonly elements: number;

  constructor(elements: number) {
    super(`the layers ask for ${elements} weights more than the file holds`);
    this.elements = elements;
  }
}

/** Runs `build` with a limit on the elements of all weights it creates. */
export function withWeightBudget<T>(elements: number, build: () => T): T {
  budget = { left: elements };
  return build();
}

/** Registers what tfjs-layers lacks or does otherwise: the initialiser of stored weights, activations, layers. */
export function registerKerasObjects(tf: typeof Core, tfl: typeof Layers): void {
  tf.serialization.registerClass(storedWeight(tf));
  for (const [name, apply] of Object.entries(activations(tf)))
    tf.serialization.registerClass(activation(tf, name, apply));
  const gruCell = gruResetAfterCell(tf);
  const gru = [gruCell, gruResetAfter(tf, gruCell)];
  const layers = [
    ...correctedLayers(tf),
    ...imageLayers(tf, tfl),
    ...addedLayers(tf, tfl),
    ...operationLayers(tf, tfl),
    ...gru,
  ];
  for (const layer of layers) tf.serialization.registerClass(layer as never); // the registry's type wants fromConfig, which they inherit
}

type Activation = (x: Core.Tensor) => Core.Tensor;

/** keras/src/activations/activations.py; the names are those that layer-options.ts gives. */
function activations(tf: typeof Core): Readonly<Record<string, Activation>> {
  const hardSigmoid: Activation = (x) => tf.clipByValue(tf.add(tf.div(x, 6), 0.5), 0, 1);
  return {
    kerasHardSigmoid: hardSigmoid,
    hardSwish: (x) => tf.mul(x, hardSigmoid(x)),
    exponential: (x) => tf.exp(x),
    leakyRelu: (x) => tf.leakyRelu(x, 0.2),
    logSigmoid: (x) => tf.neg(tf.softplus(tf.neg(x))),
    hardTanh: (x) => tf.clipByValue(x, -1, 1),
    tanhShrink: (x) => tf.sub(x, tf.tanh(x)),
    squareplus: (x) => tf.div(tf.add(x, tf.sqrt(tf.add(tf.square(x), 4))), 2),
  };
}

function activation(
  tf: typeof Core,
  name: string,
  apply: Activation,
): Core.serialization.SerializableConstructor<Core.serialization.Serializable> {
  return class extends tf.serialization.Serializable {
    static className = name;

    apply(x: Core.Tensor): Core.Tensor {
      return tf.tidy(() => apply(x));
    }

    getConfig(): Core.serialization.ConfigDict {
      return {};
    }
  };
}

/** Zeros in place of what the file holds; counts elements before anything is allocated. */
function storedWeight(tf: typeof Core): Core.serialization.SerializableConstructor<Core.serialization.Serializable> {
  return class extends tf.serialization.Serializable {
    static className = "StoredWeight";

    apply(shape: number[], dtype?: Core.DataType): Core.Tensor {
      budget.left -= shape.reduce((product, size) => product * size, 1);
      if (!(budget.left >= 0)) throw new WeightBudgetError(-budget.left);
      return tf.zeros(shape, dtype);
    }

    getConfig(): Core.serialization.ConfigDict {
      return {};
    }
  };
}
