/** A line of a stream: text, or a value whose JSON is made when somebody reads it. */
export type Line = string | LineValue;

/** A line of a watch, for whom takes values, and as text for whom has a socket. */
export interface LineValue {
  readonly value: object;
  readonly text: () => string;
}

/** A queue of lines between a writer that never waits and one reader, who reads bytes or values. */
export interface Channel {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Of lines that are text, bytes. */
  readonly values: AsyncIterable<unknown>;
  push(line: Line): void;
  /** Ends the stream after what was pushed. */
  readonly end: () => void;
  /** Ends it at once: what was not read is dropped. */
  readonly close: () => void;
}

const encoder = new TextEncoder();

/** Chunks a reader may fall behind before it is cut off, as the real server cuts off a slow watch. */
const mostPending = 65_536;

const bytesOf = (line: Line): Uint8Array => encoder.encode(typeof line === "string" ? line : line.text());

/** @param onEnd called once, when either side ends the stream */
export function createChannel(onEnd: () => void): Channel {
  let pending: Line[] = [];
  let wake: (() => void) | undefined;
  let isEnded = false;

  const end = (): void => {
    if (isEnded) return;
    isEnded = true;
    onEnd();
    wake?.();
  };
  const close = (): void => {
    pending = [];
    end();
  };

  const reader = <T>(shape: (line: Line) => T): AsyncIterator<T, undefined> => ({
    async next() {
      while (pending.length === 0) {
        if (isEnded) return { done: true, value: undefined };
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const line = pending.shift() ?? "";
      return { done: false, value: shape(line) };
    },
    return() {
      close();
      return Promise.resolve({ done: true, value: undefined });
    },
  });

  return {
    chunks: { [Symbol.asyncIterator]: () => reader(bytesOf) },
    values: { [Symbol.asyncIterator]: () => reader((line) => (typeof line === "string" ? bytesOf(line) : line.value)) },
    push: (line) => {
      if (isEnded) return;
      pending.push(line);
      if (pending.length > mostPending) close();
      wake?.();
    },
    end,
    close,
  };
}
