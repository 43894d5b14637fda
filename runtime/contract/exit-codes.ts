/** Exit codes of the runtime's programs (after sysexits.h). The operator reads them from container statuses. */
export const exitCodes = {
  /** Drained and done. */
  ok: 0,
  /** A flag or environment variable is wrong. */
  usage: 64,
  /** The model is refused: a restart cannot help. The termination message says why. */
  modelRefused: 65,
  /** The model could not be fetched or read: a restart may help. */
  sourceUnavailable: 69,
  /** A bug. */
  internal: 70,
} as const;
