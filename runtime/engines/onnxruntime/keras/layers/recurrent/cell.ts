import type { JsonObject } from "../../../../../model/formats/keras/topology/json-config.ts";
import type { Weight } from "../../../../../model/formats/keras/keras-model.ts";
import { flag, integer, word } from "../../layer-config.ts";
import { NotExportedError } from "../../values.ts";
import { weightAt } from "../layer-export.ts";

/** A recurrent cell in ONNX's terms. */
export interface Cell {
  readonly operator: "RNN" | "LSTM" | "GRU";
  readonly units: number;
  /** Index of each gate in the stored matrices, in ONNX's order. */
  readonly gates: readonly number[];
  /** [inputs, gates x units]. */
  readonly kernel: Weight;
  /** [units, gates x units]. */
  readonly recurrent: Weight;
  /** Bias of the input and, for GRUs with `reset_after`, of the state. */
  readonly bias: Weight | undefined;
  readonly activations: readonly CellActivation[];
  readonly resetsAfter: boolean;
}

/** An activation of ONNX's recurrent operators. */
export interface CellActivation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

/** By the names of formats/keras/topology/layer-options.ts. */
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

/**
 * LSTM gates are input, forget, candidate, output in Keras and input, output, forget, candidate in ONNX. GRU gates have
 * the same order in both.
 */
const operators = {
  SimpleRNN: { operator: "RNN", gates: [0] },
  LSTM: { operator: "LSTM", gates: [0, 3, 1, 2] },
  GRU: { operator: "GRU", gates: [0, 1, 2] },
  GRUResetAfter: { operator: "GRU", gates: [0, 1, 2] },
} as const;

/** Number of weights of a cell; all are trained. */
export function cellWeightCount(config: JsonObject): number {
  return flag(config, "use_bias", true) ? 3 : 2;
}

/** The cell of a layer or cell class (`LSTM`, `LSTMCell`), with its weights. Throws a NotExportedError. */
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
