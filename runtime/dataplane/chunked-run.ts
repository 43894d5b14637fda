import type { Clock } from "../base/clock.ts";
import { concatenatedRows, rowSlice } from "./batch.ts";
import type { Tensor } from "./tensor.ts";

/** One call of the engine. */
type Run = (inputs: readonly Tensor[]) => readonly Tensor[] | Promise<readonly Tensor[]>;

/** A large request whose rows may run in separate engine calls. */
export interface LargeRun {
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  readonly run: Run;
  /** Called between chunks: throws when nobody waits for the result any more. */
  readonly throwIfCancelled: () => void;
}

/** Target duration of one chunk: the event loop is blocked for about this long. */
const chunkMs = 5;

/**
 * Creates a runner that splits large requests into chunks of rows and yields to the event loop between them. A chunk
 * has `minRows` rows, or up to twice as many as the previous one while chunks stay below `chunkMs`. If an output does
 * not have one row per row of the inputs, the whole request runs in one call.
 */
export function chunkedRunner(minRows: number, clock: Clock): (large: LargeRun) => Promise<readonly Tensor[]> {
  let chunkRows = minRows;
  return async ({ inputs, rows, run, throwIfCancelled }) => {
    const outputs: (readonly Tensor[])[] = [];
    let from = 0;
    for (;;) {
      const count = Math.min(chunkRows, rows - from);
      const start = clock.monotonic();
      const output = await run(inputs.map((input) => rowSlice(input, from, count)));
      if (output.some(({ shape }) => shape[0] !== count)) return run(inputs);
      outputs.push(output);
      const fittingRows = Math.floor((count * chunkMs) / Math.max(clock.monotonic() - start, 0.001));
      chunkRows = Math.max(minRows, Math.min(fittingRows, 2 * count));
      from += count;
      if (from === rows) return concatenatedRows(outputs);
      await new Promise(setImmediate);
      throwIfCancelled();
    }
  };
}
