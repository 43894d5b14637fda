import type { Clock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import { faults } from "./faults.ts";
import type { BodyLimits } from "./request-body.ts";

/** Collects a request body. */
export interface BodyCollector {
  /** Not an accessor: an object with its own accessor keeps what that closes over until the next full collection. */
  receivedBytes(): number;
  /** Copies a chunk; may refuse the body. */
  take(bytes: Buffer): void;
  /** Stops the pace check, returns the bytes to the budget, and returns the whole body. Idempotent. */
  end(): Buffer;
}

/** How a body is announced and refused. */
export interface BodyCollectorOptions {
  /** Called once, from `take` or later, when the body is too large or too slow, or too many bodies are being received. */
  readonly refuse: (fault: Fault) => void;
  /** Size by the content-length; absent: unknown. */
  readonly announcedBytes?: number;
}

/** Growth factor of the buffer, up to the announced size. */
const growth = 4;

/** Collects a body in one buffer, within the limits. */
export function bodyCollector(
  limits: BodyLimits,
  clock: Clock,
  { refuse, announcedBytes = Number.POSITIVE_INFINITY }: BodyCollectorOptions,
): BodyCollector {
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
          body = grown(body, start, Math.max(receivedBytes, Math.min(announcedBytes, receivedBytes * growth)));
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

/** Returns a larger buffer that ends at a multiple of 8: binary tensors at the end of a body, behind a JSON header, can be read in place. */
function grown(body: Buffer, usedBytes: number, sizeBytes: number): Buffer<ArrayBuffer> {
  const padBytes = -sizeBytes & 7;
  const larger = Buffer.allocUnsafeSlow(padBytes + sizeBytes).subarray(padBytes);
  larger.set(body.subarray(0, usedBytes));
  return larger;
}

interface Pace {
  readonly received: () => number;
  readonly refuse: (fault: Fault) => void;
}

/** Checks the pace every `paceMs`. Returns a function that stops it. */
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
