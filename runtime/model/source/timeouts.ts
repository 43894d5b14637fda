import { Readable } from "node:stream";
import type { Clock } from "../../base/clock.ts";

/** How long a source is waited for. */
export interface Patience {
  readonly clock: Clock;
  readonly forMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The outcome of a call whose signal aborts when it takes too long. Rejects then, whether or not the call heeds its signal. */
export async function inTime<Value>(
  { clock, forMs, signal }: Patience,
  call: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const own = new AbortController();
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(forMs, () => {
    const error = new Error(`no answer came in ${forMs / 1000} s`);
    late.reject(error);
    own.abort(error);
  });
  try {
    return await Promise.race([
      call(signal === undefined ? own.signal : AbortSignal.any([signal, own.signal])),
      late.promise,
    ]);
  } finally {
    cancel();
  }
}

/** The slowest pace at which bytes may come. Time that the reader takes does not count. */
export interface Pace {
  readonly clock: Clock;
  readonly stallMs: number;
  /** How many must have come after so long a wait. */
  readonly minBytes: number;
}

/** The same bytes; throws when they come too slowly, and closes what they come from then. */
export async function* paced(body: AsyncIterable<Uint8Array>, pace: Pace): AsyncGenerator<Uint8Array> {
  const { clock, stallMs } = pace;
  const chunks = body[Symbol.asyncIterator]();
  const tooSlow = slowness(pace);
  let isDone = false;
  try {
    while (!isDone) {
      const sinceMs = clock.monotonic();
      const next = await nextOf(chunks, pace);
      if (next === undefined) throw new Error(`no byte came in ${stallMs / 1000} s`);
      isDone = next.done === true;
      if (next.done === true) break;
      const slow = tooSlow(next.value.length, clock.monotonic() - sinceMs);
      if (slow !== undefined) throw slow;
      yield next.value;
    }
  } finally {
    if (!isDone) closeBody(body, chunks);
  }
}

/** Told of bytes and of the wait for them, what to throw once they have been too few for so long. */
function slowness({ stallMs, minBytes }: Pace): (bytes: number, waitedMs: number) => Error | undefined {
  let waited = 0;
  let came = 0;
  return (bytes, waitedMs) => {
    waited += waitedMs;
    came += bytes;
    if (waited < stallMs) return undefined;
    const words = `only ${came} bytes came in ${Math.round(waited / 1000)} s`;
    const isSlow = came < minBytes;
    waited = 0;
    came = 0;
    return isSlow ? new Error(words) : undefined;
  };
}

/** `undefined`: none came in time. */
async function nextOf(
  chunks: AsyncIterator<Uint8Array>,
  { clock, stallMs }: Pace,
): Promise<IteratorResult<Uint8Array> | undefined> {
  const late = Promise.withResolvers<undefined>();
  const cancel = clock.after(stallMs, () => late.resolve(undefined));
  try {
    return await Promise.race([chunks.next(), late.promise]);
  } finally {
    cancel();
  }
}

/** Closes what bytes come from. An iterator that waits for a byte ends only after it: a stream can be ended at once. */
export function closeBody(body: AsyncIterable<Uint8Array>, chunks = body[Symbol.asyncIterator]()): void {
  if (body instanceof Readable) body.on("error", () => {}).destroy();
  else void chunks.return?.().catch(() => {});
}
