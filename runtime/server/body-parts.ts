import type { Clock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import { faults } from "./faults.ts";
import type { BodyLimits } from "./request-body.ts";

/** A body that is coming in. */
export interface BodyParts {
  readonly receivedBytes: number;
  /** A further piece; may refuse the body. */
  take(chunk: Buffer): void;
  /** Ends the watch over it and gives back what it took of the budget: the pieces as one. Idempotent. */
  end(): Buffer;
}

/**
 * Collects the pieces of a body. `refuse` is called once, from `take` or later: it is too large, too slow, or too many come at the
 * same time.
 */
export function bodyParts(limits: BodyLimits, clock: Clock, refuse: (fault: Fault) => void): BodyParts {
  const { budget } = limits;
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  let hasEnded = false;
  const refused = (fault: Fault): void => {
    release();
    refuse(fault);
  };
  const stopPacing = pace(limits, clock, { received: () => receivedBytes, refuse: refused });
  const release = (): void => {
    if (hasEnded) return;
    hasEnded = true;
    stopPacing();
    if (budget !== undefined) budget.leftBytes += receivedBytes;
  };
  return {
    get receivedBytes() {
      return receivedBytes;
    },
    take: (chunk) => {
      if (hasEnded) return;
      receivedBytes += chunk.length;
      chunks.push(chunk);
      if (budget !== undefined) budget.leftBytes -= chunk.length;
      if (budget !== undefined && budget.leftBytes < 0) refused(faults.BodiesTooMany({}));
      else if (receivedBytes > limits.maxBytes) {
        refused(faults.BodyTooLarge({ limitBytes: limits.maxBytes, sizeBytes: undefined }));
      }
    },
    end: () => {
      release();
      const [only] = chunks;
      return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, receivedBytes);
    },
  };
}

interface Pace {
  readonly received: () => number;
  readonly refuse: (fault: Fault) => void;
}

/** Looks at the progress every `paceMs`; returns what stops it. */
function pace(limits: BodyLimits, clock: Clock, { received, refuse }: Pace): () => void {
  const { minBytesPerSecond: bytesPerSecond, paceMs } = limits;
  let cancel: () => void;
  const watch = (before: number): void => {
    cancel = clock.after(paceMs, () => {
      const now = received();
      const seconds = paceMs / 1000;
      if (now - before >= bytesPerSecond * seconds) watch(now);
      else refuse(faults.BodyTooSlow({ receivedBytes: now - before, seconds, bytesPerSecond }));
    });
  };
  watch(0);
  return () => cancel();
}
