import { eventually } from "../../../builders/eventually.ts";

/** Polls like `eventually`, with the time that local mode needs at most to start or stop the processes of its pods. */
export function until<T>(ask: () => Promise<T> | T, satisfies: (answer: T) => boolean, timeoutMs = 60_000): Promise<T> {
  return eventually(ask, satisfies, timeoutMs);
}
