import type { Draft, MessageType } from "../../../../base/protobuf/message.ts";
import type { NamedTensor } from "../../../../dataplane/tensor.ts";
import { type ScoredClass, classRows } from "../../examples/classification.ts";
import { regressionValues } from "../../examples/regression.ts";
import type { ModelSpec, classificationResponse, regressionResponse } from "../api-messages.ts";

type Decoded<T> = T extends MessageType<infer M> ? M : never;
/** The answer of `Classify`. */
export type ClassificationResponse = Decoded<typeof classificationResponse>;
/** The answer of `Regress`. */
export type RegressionResponse = Decoded<typeof regressionResponse>;

/** What it takes to write such an answer, beside the outputs of the model. */
export interface ExampleMessageOrder {
  /** Examples of the request. */
  readonly rows: number;
  readonly modelSpec: Draft<ModelSpec>;
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

/** The classes of each example as a message. */
export function classificationResult(results: readonly (readonly ScoredClass[])[]) {
  return { classifications: results.map((classes) => ({ classes })) };
}

/** The value of each example as a message. */
export function regressionResult(values: Float32Array) {
  return { regressions: Array.from(values, (value) => ({ value })) };
}
