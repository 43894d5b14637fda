import { faults } from "./faults.ts";

/**
 * Limits the memory of tensors that requests give by one fill value, or by none: a few bytes on the wire ask for megabytes, which no
 * limit on bodies sees. All running requests share the budget.
 */
export interface FillBudget {
  /** Runs a call and releases what it reserved when it ends. `reserve` throws `FilledTooMuch`. */
  during<Value>(call: (reserve: Reserve) => Promise<Value>): Promise<Value>;
}

/** Takes so many bytes from a budget. */
export type Reserve = (sizeBytes: number) => void;

/** A budget of so many bytes. */
export function fillBudget(limitBytes: number): FillBudget {
  let leftBytes = limitBytes;
  return {
    during: async (call) => {
      let reservedBytes = 0;
      try {
        return await call((sizeBytes) => {
          if (sizeBytes > leftBytes) throw faults.FilledTooMuch({ sizeBytes, limitBytes });
          leftBytes -= sizeBytes;
          reservedBytes += sizeBytes;
        });
      } finally {
        leftBytes += reservedBytes;
      }
    },
  };
}
