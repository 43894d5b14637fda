/** The back-off state of a container. */
export interface RestartHistory {
  /** Delay of the next restart. */
  readonly delayMs: number;
  /** When the last restart happened (monotonic). */
  readonly restartedAtMs: number;
}

/** The kubelet's `MaxContainerBackOff` over its initial back-off: 300 s over 10 s. */
const maximumSteps = 30;

/**
 * The kubelet's crash-loop back-off: the first restart is immediate, the next waits for `baseMs`, doubled each time up to
 * 30 × `baseMs`. The back-off resets after a run of twice the maximum.
 */
export function restartDelay(
  history: RestartHistory | undefined,
  nowMs: number,
  baseMs: number,
): { readonly delayMs: number; readonly history: RestartHistory } {
  const maximumMs = baseMs * maximumSteps;
  if (history === undefined || nowMs - history.restartedAtMs > 2 * maximumMs) {
    return { delayMs: 0, history: { delayMs: baseMs, restartedAtMs: nowMs } };
  }
  const delayMs = history.delayMs;
  return { delayMs, history: { delayMs: Math.min(delayMs * 2, maximumMs), restartedAtMs: nowMs + delayMs } };
}
