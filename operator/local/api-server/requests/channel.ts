/** A queue of chunks between a writer that never waits and one reader. */
export interface Channel {
  readonly chunks: AsyncIterable<Uint8Array>;
  push(text: string): void;
  /** Ends the stream after what was pushed. */
  readonly end: () => void;
  /** Ends it at once: what was not read is dropped. */
  readonly close: () => void;
}

const encoder = new TextEncoder();

/** Chunks a reader may fall behind before it is cut off, as the real server cuts off a slow watch. */
const mostPending = 65_536;

/** @param onEnd called once, when either side ends the stream */
export function createChannel(onEnd: () => void): Channel {
  let pending: Uint8Array[] = [];
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

  const nextBatch = (): Uint8Array[] => {
    const batch = pending;
    pending = [];
    return batch;
  };

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const batch = nextBatch();
        if (batch.length > 0) {
          yield* batch;
          continue;
        }
        // No await since the look at what is pending: what is pushed meanwhile would wake nobody.
        if (isEnded) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      close();
    }
  }

  return {
    chunks: { [Symbol.asyncIterator]: read },
    push: (text) => {
      if (isEnded) return;
      pending.push(encoder.encode(text));
      if (pending.length > mostPending) close();
      wake?.();
    },
    end,
    close,
  };
}
