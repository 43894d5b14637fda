import { faults } from "../faults.ts";

/** Limits of an unpacked archive. */
export interface UnpackLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Unpacked size over packed size; small archives are exempt. Real weights stay below 20. */
  readonly maxRatio: number;
}

/** Far above any model, far below a zip bomb. */
export const defaultUnpackLimits: UnpackLimits = { maxEntries: 10_000, maxBytes: 256 * 1024 ** 3, maxRatio: 100 };

/** Counts unpacked entries and bytes; each method throws `ArchiveRefused` beyond a limit. */
export interface Budget {
  entry(): void;
  bytes(count: number): void;
}

const exemptBytes = 1024 ** 2;

/** A fresh budget for an archive of this size. */
export function budget(place: string, packedBytes: number, limits: UnpackLimits): Budget {
  const { maxEntries, maxBytes, maxRatio } = limits;
  let entries = 0;
  let unpacked = 0;
  return {
    entry: () => {
      if (++entries > maxEntries)
        throw faults.ArchiveRefused({ place, reason: `it has more than ${maxEntries} entries` });
    },
    bytes: (count) => {
      unpacked += count;
      if (unpacked > maxBytes) throw faults.ArchiveRefused({ place, reason: `it holds more than ${maxBytes} bytes` });
      if (unpacked > exemptBytes && unpacked > packedBytes * maxRatio) {
        const reason = `it grows from ${packedBytes} to more than ${packedBytes * maxRatio} bytes, ${maxRatio} times`;
        throw faults.ArchiveRefused({ place, reason });
      }
    },
  };
}
