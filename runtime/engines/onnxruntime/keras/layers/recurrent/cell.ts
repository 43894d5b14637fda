import type { JsonObject } from "../../../../../model/formats/keras/topology/json-config.ts";
import type { Weight } from "../../../../../model/formats/keras/keras-model.ts";
import { flag, integer, word } from "../../options.ts";
import { NotExportedError } from "../../values.ts";
import { weightAt } from "../layer-export.ts";

/** What a recurrent layer computes at each step, as ONNX has it. */
export interface Cell {
  readonly operator: "RNN" | "LSTM" | "GRU";
  readonly units: number;
  /** For each gate its `units` columns of the stored matrices, in ONNX' order. */
  readonly gates: readonly number[];
  /** [inputs, gates x units]. */
  readonly kernel: Weight;
  /** [units, gates x units]. */
  readonly recurrent: Weight;
  /** Of the input and, for GRUs that reset after the product, of the state. */
  readonly bias: Weight | undefined;
  readonly activations: readonly CellActivation[];
  readonly resetsAfter: boolean;
}

/** An activation that ONNX' recurrent operators have. */
export interface CellActivation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

/** Names are those of formats/keras/topology/layer-options.ts. */
const cellActivations: Readonly<Record<string, CellActivation>> = {
  sigmoid: { name: "Sigmoid" },
  tanh: { name: "Tanh" },
  relu: { name: "Relu" },
  softsign: { name: "Softsign" },
  softplus: { name: "Softplus" },
  elu: { name: "Elu", alpha: 1 },
  linear: { name: "Affine", alpha: 1, beta: 0 },
  hardSigmoid: { name: "HardSigmoid", alpha: 0.2, beta: 0.5 },
  kerasHardSigmoid: { name: "HardSigmoid", alpha: 1 / 6, beta: 0.5 },
};

/** Keras' gates are input, forget, candidate, output; ONNX' input, output, forget, candidate. Of GRUs they are alike. */
const operators = {
  SimpleRNN: { operator: "RNN", gates: [0] },
  LSTM: { operator: "LSTM", gates: [0, 3, 1, 2] },
  GRU: { operator: "GRU", gates: [0, 1, 2] },
  GRUResetAfter: { operator: "GRU", gates: [0, 1, 2] },
} as const;

/** Weights of a cell; all are trained. */
export function cellWeightCount(config: JsonObject): number {
  return flag(config, "use_bias", true) ? 3 : 2;
}

/** The cell that a layer or cell class stands for (`LSTM`, `LSTMCell`), with its weights. Throws a NotExportedError. */
export function cellOf(className: string, config: JsonObject, inputs: number, weights: readonly Weight[]): Cell {
  const name = className.replace(/Cell$/, "");
  if (!isKnown(name)) throw new NotExportedError(`cells of class ${className} are not exported`);
  const { operator, gates } = operators[name];
  const units = integer(config, "units");
  const width = gates.length * units;
  const resetsAfter = name === "GRUResetAfter";
  const biasShape = resetsAfter ? [2, width] : [width];
  const call = { weights };
  return {
    operator,
    units,
    gates,
    kernel: weightAt(call, 0, [inputs, width]),
    recurrent: weightAt(call, 1, [units, width]),
    bias: flag(config, "use_bias", true) ? weightAt(call, 2, biasShape) : undefined,
    activations: activationsOf(operator, config),
    resetsAfter,
  };
}

function isKnown(name: string): name is keyof typeof operators {
  return Object.hasOwn(operators, name);
}

function activationsOf(operator: Cell["operator"], config: JsonObject): readonly CellActivation[] {
  const outer = cellActivation(word(config, "activation", "tanh"));
  if (operator === "RNN") return [outer];
  const gate = cellActivation(word(config, "recurrent_activation", "sigmoid"));
  return operator === "LSTM" ? [gate, outer, outer] : [gate, outer];
}

function cellActivation(name: string): CellActivation {
  const activation = cellActivations[name];
  if (activation === undefined) throw new NotExportedError(`activation ${name} in a recurrent layer is not exported`);
  return activation;
}
