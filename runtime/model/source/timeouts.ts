import { Readable } from "node:stream";
import type { Clock } from "../../base/clock.ts";

/** Options of `withTimeout`. */
export interface Timeout {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Runs a call with a signal that aborts at the timeout. Rejects at the timeout whether or not the call obeys its signal. */
export async function withTimeout<Value>(
  { clock, timeoutMs, signal }: Timeout,
  call: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const own = new AbortController();
  const expiry = Promise.withResolvers<never>();
  const cancel = clock.after(timeoutMs, () => {
    const error = new Error(`no answer came in ${timeoutMs / 1000} s`);
    expiry.reject(error);
    own.abort(error);
  });
  try {
    return await Promise.race([
      call(signal === undefined ? own.signal : AbortSignal.any([signal, own.signal])),
      expiry.promise,
    ]);
  } finally {
    cancel();
  }
}

/** The lowest accepted throughput. Time that the consumer takes does not count. */
export interface StallLimits {
  readonly clock: Clock;
  readonly stallMs: number;
  /** Bytes that must arrive within `stallMs`. */
  readonly minBytes: number;
}

/** Yields the chunks of a body; throws when they arrive too slowly, and then closes the body. */
export async function* withStallTimeout(
  body: AsyncIterable<Uint8Array>,
  limits: StallLimits,
): AsyncGenerator<Uint8Array> {
  const { clock, stallMs } = limits;
  const chunks = body[Symbol.asyncIterator]();
  const check = throughputCheck(limits);
  let isDone = false;
  try {
    while (!isDone) {
      const sinceMs = clock.monotonic();
      const next = await nextChunk(chunks, limits);
      if (next === undefined) throw new Error(`no byte came in ${stallMs / 1000} s`);
      isDone = next.done === true;
      if (next.done === true) break;
      const error = check(next.value.length, clock.monotonic() - sinceMs);
      if (error !== undefined) throw error;
      yield next.value;
    }
  } finally {
    if (!isDone) closeBody(body, chunks);
  }
}

/** Counts bytes and waiting time; returns the error to throw when `stallMs` have passed with fewer than `minBytes`. */
function throughputCheck({ stallMs, minBytes }: StallLimits): (bytes: number, waitedMs: number) => Error | undefined {
  let waited = 0;
  let received = 0;
  return (bytes, waitedMs) => {
    waited += waitedMs;
    received += bytes;
    if (waited < stallMs) return undefined;
    const reason = `only ${received} bytes came in ${Math.round(waited / 1000)} s`;
    const isSlow = received < minBytes;
    waited = 0;
    received = 0;
    return isSlow ? new Error(reason) : undefined;
  };
}

/** The next chunk; `undefined` when none arrives within `stallMs`. */
async function nextChunk(
  chunks: AsyncIterator<Uint8Array>,
  { clock, stallMs }: StallLimits,
): Promise<IteratorResult<Uint8Array> | undefined> {
  const expiry = Promise.withResolvers<undefined>();
  const cancel = clock.after(stallMs, () => expiry.resolve(undefined));
  try {
    return await Promise.race([chunks.next(), expiry.promise]);
  } finally {
    cancel();
  }
}

/** Closes a body. A stream is destroyed at once; any other iterator ends only after the chunk that it waits for. */
export function closeBody(body: AsyncIterable<Uint8Array>, chunks = body[Symbol.asyncIterator]()): void {
  if (body instanceof Readable) body.on("error", () => {}).destroy();
  else void chunks.return?.().catch(() => {});
}
