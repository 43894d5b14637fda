import type { Claimant } from "../snapshot.ts";

/** Gateway ports that this process gives away and that no status in the cache shows yet. */
export interface PortClaims {
  /** A plan gives it this port, or none; what an earlier one gave it is free again. */
  claim(claimant: Claimant, port: number | undefined): void;
  claimant(port: number): Claimant | undefined;
  /** Its status shows a port now, or it is gone. */
  release(uid: string): void;
}

/**
 * No claims yet. Passes that run at the same time see the same free port: without a word of each other two would take it,
 * and one would have to write all that names the port once more. A second leader knows of none of this: the rule by
 * which two that took the same part is that of the plan.
 */
export function createPortClaims(): PortClaims {
  const claimants = new Map<number, Claimant>();
  const ports = new Map<string, number>();
  const release = (uid: string): void => {
    const port = ports.get(uid);
    if (port === undefined) return;
    ports.delete(uid);
    claimants.delete(port);
  };
  return {
    claim({ uid, createdAt }, port) {
      release(uid);
      if (port === undefined || claimants.has(port)) return;
      ports.set(uid, port);
      claimants.set(port, { uid, createdAt });
    },
    claimant: (port) => claimants.get(port),
    release,
  };
}
