import { parentPort } from "node:worker_threads";
import type { ComparisonAnswer, ComparisonTask } from "./comparisons.ts";
import { divergence, parsedAnswer } from "../../base/answers/divergence.ts";

/** Entry of the thread that compares answers: each task is answered, in order. */
parentPort?.on("message", (task: ComparisonTask) => {
  const answer: ComparisonAnswer = { id: task.id, divergence: compared(task) };
  parentPort?.postMessage(answer, []);
});

/** Undefined when what the client got is no JSON: there is nothing to compare with. */
function compared({ client, copy, tolerance }: ComparisonTask): ComparisonAnswer["divergence"] {
  const expected = parsed(client);
  return expected === undefined ? undefined : divergence(parsed(copy)?.value, expected.value, tolerance);
}

function parsed(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: parsedAnswer(new TextDecoder().decode(bytes)) };
  } catch {
    return undefined;
  }
}
