import { setTimeout as sleep } from "node:timers/promises";

import { digitsAnswer } from "../digits.ts";

/** What became of requests. */
export interface Sent {
  readonly answered: number;
  /** Why the others were not. */
  readonly failed: readonly string[];
  /** The longest that one took. */
  readonly longestMs: number;
}

/** Clients that send one request after the other. */
export interface Traffic {
  stop(): Promise<Sent>;
}

/** Two clients that send predict requests of the digits fixture until they are told to stop. */
export function traffic(url: string): Traffic {
  const stop = new AbortController();
  const failed: string[] = [];
  let [answered, longestMs] = [0, 0];
  const client = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const startedMs = performance.now();
      await digitsAnswer(url).then(
        () => answered++,
        (error: unknown) => failed.push(String(error)),
      );
      longestMs = Math.max(longestMs, performance.now() - startedMs);
      await sleep(20);
    }
  };
  const clients = Promise.all([client(), client()]);
  return {
    async stop() {
      stop.abort();
      await clients;
      return { answered, failed, longestMs };
    },
  };
}
