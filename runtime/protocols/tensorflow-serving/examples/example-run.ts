import { type InferTarget, type RunOptions, infer } from "../../../dataplane/infer.ts";
import type { NamedTensor } from "../../../dataplane/tensor.ts";
import { faults } from "./faults.ts";

/** Serialized examples for one signature of a model. */
export interface ExampleRun {
  readonly target: InferTarget;
  readonly signature: string;
  readonly examples: readonly Uint8Array[];
  readonly terms: Pick<RunOptions, "deadline" | "signal">;
}

/** Name of the only input of classification and regression signatures. */
export const examplesInput = "inputs";

/** Serialized examples as that input. */
export function examplesTensor(data: readonly Uint8Array[]) {
  return { name: examplesInput, path: "examples", tensor: { dtype: "string", shape: [data.length], data } } as const;
}

/** Runs the examples as one batch and returns the outputs. Rejects with a Fault. */
export async function runExamples(run: ExampleRun, outputs: readonly string[]): Promise<readonly NamedTensor[]> {
  const { target, signature, examples, terms } = run;
  if (examples.length === 0) throw faults.ExamplesNone({});
  const answer = await infer(() => target, {
    model: { name: target.name },
    signature,
    inputs: [examplesTensor(examples)],
    outputs,
    ...terms,
  });
  return answer.outputs;
}
