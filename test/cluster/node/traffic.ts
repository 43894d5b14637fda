import { setTimeout as sleep } from "node:timers/promises";

import { digitsAnswer } from "../digits.ts";

/** The results of requests. */
export interface TrafficResult {
  readonly answered: number;
  /** The error of each failed request. */
  readonly failed: readonly string[];
  /** The longest time of a request. */
  readonly longestMs: number;
}

/** Clients that send requests one after another. */
export interface Traffic {
  stop(): Promise<TrafficResult>;
}

/** Starts two clients that send predict requests of the digits fixture until `stop`. */
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
