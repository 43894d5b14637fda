import type { JsonObject } from "../../../../model/formats/keras/topology/json-config.ts";
import type { Weight } from "../../../../model/formats/keras/keras-model.ts";
import type { OnnxGraph } from "../../onnx-graph.ts";
import { NotExportedError, type Value } from "../values.ts";

/** One call of a layer to be exported. */
export interface LayerCall {
  readonly config: JsonObject;
  readonly inputs: readonly Value[];
  /** In Keras' order: trained weights first. */
  readonly weights: readonly Weight[];
  readonly graph: OnnxGraph;
}

/** Number of trained and of other weights, such as moving averages. */
export interface WeightCounts {
  readonly trained: number;
  readonly fixed: number;
}

/** The export of a layer class. */
export interface LayerExport {
  /** Number of weights; absent: none. */
  weightCounts?(config: JsonObject): WeightCounts;
  /** Adds the layer's nodes and returns its outputs. Throws a NotExportedError. */
  apply(call: LayerCall): readonly Value[];
  /** The outputs have the mask of the first input. */
  readonly keepsMask?: true;
}

/** Keyed by Keras class name. */
export type LayerExports = Readonly<Record<string, LayerExport>>;

/** The input of a single-input layer. Throws a NotExportedError for other numbers of inputs. */
export function soleInput({ inputs }: LayerCall): Value {
  const [input] = inputs;
  if (input === undefined || inputs.length !== 1)
    throw new NotExportedError(`it is called with ${inputs.length} inputs`);
  return input;
}

/** A weight, checked for its shape. Throws a NotExportedError. */
export function weightAt({ weights }: Pick<LayerCall, "weights">, index: number, shape: readonly number[]): Weight {
  const weight = weights[index];
  const fits = weight?.shape.length === shape.length && weight.shape.every((size, axis) => size === shape[axis]);
  if (weight === undefined || !fits) {
    throw new NotExportedError(
      `weight ${index} is of shape [${weight?.shape.join(",")}]; must be [${shape.join(",")}]`,
    );
  }
  return weight;
}

/** A weight in its stored layout. */
export function plainWeight(graph: OnnxGraph, { data, shape }: Weight): string {
  return graph.weight(data, "plain", () => ({ data, shape }));
}

/** The size of an axis. Throws a NotExportedError if it is unknown. */
export function knownSize({ shape }: Value, axis: number): number {
  const size = shape.at(axis);
  if (size === undefined || size < 0) throw new NotExportedError("the size of its input is not in the model");
  return size;
}
