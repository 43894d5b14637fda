import type { Draft, MessageType } from "../../../../base/protobuf/message.ts";
import type { NamedTensor } from "../../../../dataplane/tensor.ts";
import { type ScoredClass, classRows } from "../../examples/classification.ts";
import { regressionValues } from "../../examples/regression.ts";
import type { ModelSpec, classificationResponse, multiInferenceResponse, regressionResponse } from "../api-messages.ts";

type Decoded<T> = T extends MessageType<infer M> ? M : never;
/** The answer of `Classify`. */
export type ClassificationResponse = Decoded<typeof classificationResponse>;
/** The answer of `Regress`. */
export type RegressionResponse = Decoded<typeof regressionResponse>;
/** The answer of `MultiInference`. */
export type MultiInferenceResponse = Decoded<typeof multiInferenceResponse>;

/** What it takes to write such an answer, beside the outputs of the model. */
export interface ExampleMessageOrder {
  /** Examples of the request. */
  readonly rows: number;
  readonly modelSpec: Draft<ModelSpec>;
}

/** What it takes to write the answers of several tasks, beside the outputs of all of them, one task's behind the other's. */
export interface InferencesOrder {
  readonly tasks: readonly InferenceTaskOrder[];
}

/** One task of them. */
export interface InferenceTaskOrder extends ExampleMessageOrder {
  readonly kind: "classify" | "regress";
  /** How many of the outputs are its own. */
  readonly outputCount: number;
}

/** The answer of `Classify`. Throws what `classRows` throws. */
export function classificationMessage(
  { rows, modelSpec }: ExampleMessageOrder,
  outputs: readonly NamedTensor[],
): Draft<ClassificationResponse> {
  return { result: classificationResult(classRows(outputs, rows)), modelSpec };
}

/** The answer of `Regress`. Throws what `regressionValues` throws. */
export function regressionMessage(
  { rows, modelSpec }: ExampleMessageOrder,
  outputs: readonly NamedTensor[],
): Draft<RegressionResponse> {
  return { result: regressionResult(regressionValues(outputs, rows)), modelSpec };
}

/** The answer of `MultiInference`. Throws what `classRows` and `regressionValues` throw. */
export function inferencesMessage(
  { tasks }: InferencesOrder,
  outputs: readonly NamedTensor[],
): Draft<MultiInferenceResponse> {
  let start = 0;
  const results = tasks.map(({ kind, outputCount, rows, modelSpec }) => {
    const own = outputs.slice(start, start + outputCount);
    start += outputCount;
    return kind === "classify"
      ? { modelSpec, classificationResult: classificationResult(classRows(own, rows)) }
      : { modelSpec, regressionResult: regressionResult(regressionValues(own, rows)) };
  });
  return { results };
}

function classificationResult(results: readonly (readonly ScoredClass[])[]) {
  return { classifications: results.map((classes) => ({ classes })) };
}

function regressionResult(values: Float32Array) {
  return { regressions: Array.from(values, (value) => ({ value })) };
}
