import { parentPort } from "node:worker_threads";
import type { ComparisonAnswer, ComparisonTask } from "./comparisons.ts";
import { callAnswer } from "./call-answer.ts";
import { divergence, parsedAnswer } from "../../base/predictions/divergence.ts";

/** Entry point of the comparison thread: answers tasks in order. */
parentPort?.on("message", (task: ComparisonTask) => {
  const answer: ComparisonAnswer = { divergence: compared(task) };
  parentPort?.postMessage(answer, []);
});

/** Undefined when the client's response cannot be parsed: there is nothing to compare with. */
function compared({ client, copy, tolerance, method }: ComparisonTask): ComparisonAnswer["divergence"] {
  const expected = parsed(client, method);
  return expected === undefined ? undefined : divergence(parsed(copy, method)?.value, expected.value, tolerance);
}

function parsed(bytes: Uint8Array, method: string | undefined): { readonly value: unknown } | undefined {
  try {
    if (method === undefined) return { value: parsedAnswer(new TextDecoder().decode(bytes)) };
    const value = callAnswer(method, bytes);
    return value === undefined ? undefined : { value };
  } catch {
    return undefined;
  }
}
