/** Tracks how current a gateway's table is. */
export interface TableFreshness {
  /** An operator sent a message: the table is current. */
  readonly confirmed: () => void;
  /** A table from an earlier run was loaded; an operator confirmed it `ageMs` ago. */
  readonly loaded: (ageMs: number) => void;
  /** Milliseconds since an operator sent a message, or since the start while none has and no table was loaded. */
  readonly ageMs: () => number;
  /** An operator sent a message, or had time to: no better table can be expected. */
  readonly isSettled: () => boolean;
}

/** Running operators send their table within this time after the start. */
const graceMs = 2_000;

/** For a gateway that starts now. `monotonic`: a monotonic clock in milliseconds. */
export function tableFreshness(monotonic: () => number): TableFreshness {
  const startedMs = monotonic();
  let confirmedMs = startedMs;
  let isConfirmed = false;
  return {
    confirmed: () => {
      isConfirmed = true;
      confirmedMs = monotonic();
    },
    loaded: (ageMs) => {
      if (!isConfirmed) confirmedMs = monotonic() - ageMs;
    },
    ageMs: () => monotonic() - confirmedMs,
    isSettled: () => isConfirmed || monotonic() - startedMs >= graceMs,
  };
}
