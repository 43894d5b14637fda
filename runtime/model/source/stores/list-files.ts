import type { Clock } from "../../../base/clock.ts";
import { faults } from "../faults.ts";
import { withTimeout } from "../timeouts.ts";
import { callStore } from "./store-call.ts";
import type { TransientFailure, Store, StoredFile } from "./store.ts";

/** Options of `listFiles`. */
export interface ListingOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** How long to retry a store that does not answer. */
  readonly maxElapsedMs: number;
  readonly pauseMs: number;
  /** Timeout of one attempt. */
  readonly stallMs: number;
  readonly onRetry: (failure: TransientFailure) => void;
}

/** Lists the files of a store; retries for `maxElapsedMs` when it does not answer. Throws a Fault. */
export async function listFiles(store: Store, options: ListingOptions): Promise<readonly StoredFile[]> {
  const { clock, signal, maxElapsedMs, pauseMs, stallMs, onRetry } = options;
  const startMs = clock.monotonic();
  for (let attempts = 1; ; attempts++) {
    const files = await callStore(store.displayUrl, () =>
      withTimeout({ clock, timeoutMs: stallMs, signal }, (signal) => store.files(signal)),
    );
    if (!("reason" in files)) return files;
    if (signal?.aborted === true || clock.monotonic() + pauseMs - startMs > maxElapsedMs) {
      throw faults.SourceUnavailable({ url: store.displayUrl, reason: files.reason, attempts });
    }
    onRetry(files);
    await clock.sleep(pauseMs, signal);
  }
}
