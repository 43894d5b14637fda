import type { Clock } from "../base/clock.ts";
import { joined, rowsOf } from "./batch.ts";
import type { Tensor } from "./tensor.ts";

/** One call of an engine. */
type Run = (inputs: readonly Tensor[]) => readonly Tensor[] | Promise<readonly Tensor[]>;

/** A large request whose rows may run apart. */
export interface LargeRun {
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  readonly run: Run;
  /** Asked between parts: throws when nobody waits for the answer any more. */
  readonly checkWanted: () => void;
}

/** The event loop is kept for so long at a time. */
const partMs = 5;

/**
 * Runs large requests on the event loop in parts, between which it does other work. Parts have so many rows, or twice as many as the
 * one before as long as they take little time. An engine that does not answer row by row gets the request whole.
 */
export function partwise(leastRows: number, clock: Clock): (large: LargeRun) => Promise<readonly Tensor[]> {
  let partRows = leastRows;
  return async ({ inputs, rows, run, checkWanted }) => {
    const answers: (readonly Tensor[])[] = [];
    let from = 0;
    for (;;) {
      const count = Math.min(partRows, rows - from);
      const start = clock.monotonic();
      const answer = await run(inputs.map((input) => rowsOf(input, from, count)));
      if (answer.some(({ shape }) => shape[0] !== count)) return run(inputs);
      answers.push(answer);
      const fittingRows = Math.floor((count * partMs) / Math.max(clock.monotonic() - start, 0.001));
      partRows = Math.max(leastRows, Math.min(fittingRows, 2 * count));
      from += count;
      if (from === rows) return joined(answers);
      await new Promise(setImmediate);
      checkWanted();
    }
  };
}
