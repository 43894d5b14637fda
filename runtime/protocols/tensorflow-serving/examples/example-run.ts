import { type InferTarget, type RunTerms, infer } from "../../../dataplane/infer.ts";
import type { Tensor } from "../../../dataplane/tensor.ts";
import { faults } from "./faults.ts";

/** Serialized examples for one signature of a model. */
export interface ExampleRun {
  readonly target: InferTarget;
  readonly signature: string;
  readonly examples: readonly Uint8Array[];
  readonly terms: Pick<RunTerms, "deadline" | "signal">;
}

/** The only input of signatures that take examples. */
export const examplesInput = "inputs";

/** Runs the examples as one batch; the outputs by name. Rejects with a Fault. */
export async function runExamples(run: ExampleRun, outputs: readonly string[]): Promise<ReadonlyMap<string, Tensor>> {
  const { target, signature, examples: data, terms } = run;
  if (data.length === 0) throw faults.ExamplesNone({});
  const tensor: Tensor = { dtype: "string", shape: [data.length], data };
  const answer = await infer(() => target, {
    model: { name: target.name },
    signature,
    inputs: [{ name: examplesInput, path: "examples", tensor }],
    outputs,
    ...terms,
  });
  return new Map(answer.outputs.map(({ name, tensor }) => [name, tensor]));
}
