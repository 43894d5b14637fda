import type { Clock } from "../../../base/clock.ts";
import { faults } from "../faults.ts";
import { inTime } from "../timeouts.ts";
import { judged } from "./store-call.ts";
import type { Setback, Store, StoredFile } from "./store.ts";

/** How long, and until when, a store is asked for what it has. */
export interface ListingTerms {
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** How long a store is asked that does not answer. */
  readonly forMs: number;
  readonly pauseMs: number;
  /** Longest wait for one answer. */
  readonly stallMs: number;
  readonly onSetback: (setback: Setback) => void;
}

/** What a store holds; a store that does not answer is asked again for a while. Throws a Fault. */
export async function filesOf(store: Store, terms: ListingTerms): Promise<readonly StoredFile[]> {
  const { clock, signal, forMs, pauseMs, stallMs, onSetback } = terms;
  const startMs = clock.monotonic();
  for (let attempts = 1; ; attempts++) {
    const files = await judged(store.shown, () =>
      inTime({ clock, forMs: stallMs, signal }, (signal) => store.files(signal)),
    );
    if (!("reason" in files)) return files;
    if (signal?.aborted === true || clock.monotonic() + pauseMs - startMs > forMs) {
      throw faults.SourceUnavailable({ url: store.shown, reason: files.reason, attempts });
    }
    onSetback(files);
    await clock.sleep(pauseMs, signal);
  }
}
