import { faults } from "./faults.ts";

/**
 * Memory of tensors that requests give one value, or none, for: a few bytes on the wire ask for megabytes, which no limit of bodies
 * sees. Those of all requests that run have so much together.
 */
export interface FilledMemory {
  /** Runs a call; what it takes meanwhile is free when it has ended. `take` throws `FilledTooMuch`. */
  during<Value>(call: (take: (sizeBytes: number) => void) => Promise<Value>): Promise<Value>;
}

/** A budget of so many bytes that all calls share. */
export function filledMemory(limitBytes: number): FilledMemory {
  let leftBytes = limitBytes;
  return {
    during: async (call) => {
      let takenBytes = 0;
      try {
        return await call((sizeBytes) => {
          if (sizeBytes > leftBytes) throw faults.FilledTooMuch({ sizeBytes, limitBytes });
          leftBytes -= sizeBytes;
          takenBytes += sizeBytes;
        });
      } finally {
        leftBytes += takenBytes;
      }
    },
  };
}
