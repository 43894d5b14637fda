/** A line of a stream: text, or a value that is serialized lazily. */
export type Line = string | LineValue;

/** A line of a watch, as a value for in-process readers and as text for sockets. */
export interface LineValue {
  readonly value: object;
  readonly text: () => string;
}

/** A queue of lines from a writer that never blocks to one reader, of bytes or of values. */
export interface Channel {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Text lines are yielded as bytes. */
  readonly values: AsyncIterable<unknown>;
  push(line: Line): void;
  /** Ends the stream after the pending lines. */
  readonly end: () => void;
  /** Ends the stream at once and drops the pending lines. */
  readonly close: () => void;
}

const encoder = new TextEncoder();

/** Most pending lines before a slow reader is disconnected, as the real server does with a slow watch. */
const maxPending = 65_536;

const bytesOf = (line: Line): Uint8Array => encoder.encode(typeof line === "string" ? line : line.text());

/** Creates an empty channel. @param onEnd called once, when either side ends the stream */
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
      if (pending.length > maxPending) close();
      wake?.();
    },
    end,
    close,
  };
}
