import type { Clock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import { faults } from "./faults.ts";
import type { BodyLimits } from "./request-body.ts";

/** A body that is coming in. */
export interface BodyParts {
  /** Not an accessor: each object that is made with one of its own keeps what it closes over until the next full collection. */
  receivedBytes(): number;
  /** A further piece, which is copied; may refuse the body. */
  take(bytes: Buffer): void;
  /** Ends the watch over it and gives back what it took of the budget: all pieces as one. Idempotent. */
  end(): Buffer;
}

/** How a body that is coming in is told of. */
export interface BodyTerms {
  /** Called once, from `take` or later: it is too large, too slow, or too many come at the same time. */
  readonly refuse: (fault: Fault) => void;
  /** Its size as its header says; absent: it does not. */
  readonly announcedBytes?: number;
}

/** Each time there is no room a body gets so many times what has come of it, if so much was announced. */
const growth = 4;

/** Collects the pieces of a body. */
export function bodyParts(
  limits: BodyLimits,
  clock: Clock,
  { refuse, announcedBytes = Number.POSITIVE_INFINITY }: BodyTerms,
): BodyParts {
  const { budget } = limits;
  let body = Buffer.alloc(0);
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
    receivedBytes: () => receivedBytes,
    take: (bytes) => {
      if (hasEnded) return;
      const start = receivedBytes;
      receivedBytes += bytes.length;
      if (budget !== undefined) budget.leftBytes -= bytes.length;
      if (budget !== undefined && budget.leftBytes < 0) refused(faults.BodiesTooMany({}));
      else if (receivedBytes > limits.maxBytes) {
        refused(faults.BodyTooLarge({ limitBytes: limits.maxBytes, sizeBytes: undefined }));
      } else {
        if (receivedBytes > body.length) {
          body = enlarged(body, start, Math.max(receivedBytes, Math.min(announcedBytes, receivedBytes * growth)));
        }
        body.set(bytes, start);
      }
    },
    end: () => {
      release();
      return body.length === receivedBytes ? body : body.subarray(0, receivedBytes);
    },
  };
}

/** Ends at a multiple of 8: binary tensors at the end of a body, which a text stands before, can be read where they lie. */
function enlarged(body: Buffer, usedBytes: number, sizeBytes: number): Buffer<ArrayBuffer> {
  const padBytes = -sizeBytes & 7;
  const larger = Buffer.allocUnsafeSlow(padBytes + sizeBytes).subarray(padBytes);
  larger.set(body.subarray(0, usedBytes));
  return larger;
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
