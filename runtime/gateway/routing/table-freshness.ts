/** How far a gateway's table can be believed. */
export interface Freshness {
  /** An operator spoke: what serves is what it knows. */
  readonly heard: () => void;
  /** A table of before the start serves, confirmed by an operator so long ago. */
  readonly loaded: (ageMs: number) => void;
  /** Milliseconds since an operator spoke, or since the start while none has and there is no table. */
  readonly ageMs: () => number;
  /** An operator spoke, or had its time to: there is no better table to wait for. */
  readonly isSettled: () => boolean;
}

/** Operators that run tell their table within this after the start. */
const graceMs = 2_000;

/** Of a gateway that starts now. `monotonic`: milliseconds of a clock that never jumps. */
export function freshness(monotonic: () => number): Freshness {
  const startedMs = monotonic();
  let heardMs = startedMs;
  let isHeard = false;
  return {
    heard: () => {
      isHeard = true;
      heardMs = monotonic();
    },
    loaded: (ageMs) => {
      if (!isHeard) heardMs = monotonic() - ageMs;
    },
    ageMs: () => monotonic() - heardMs,
    isSettled: () => isHeard || monotonic() - startedMs >= graceMs,
  };
}
