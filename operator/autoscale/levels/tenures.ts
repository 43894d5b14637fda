import { type Gaps, keepSeconds, longestGap } from "./gaps.ts";

/** A rule for how long a level is kept that is no longer needed. */
export interface Tenure {
  readonly name: string;
  /** Of a level of which nothing is known. */
  readonly unknownSeconds: number;
  /** By how long it was idle each time before it was needed again. */
  readonly seconds: (gaps: Gaps) => number;
}

/** The ski-rental decision for a start that is worth so many seconds of a replica. */
const worth = (startSeconds: number): Tenure => ({
  name: `a start worth ${startSeconds} s`,
  unknownSeconds: startSeconds,
  seconds: (gaps) => keepSeconds(gaps, startSeconds),
});

/** As long as the level keeps coming back, at least so long. */
const patient = (leastSeconds: number, longestGaps: number): Tenure => ({
  name: `kept for ${longestGaps} gaps`,
  unknownSeconds: leastSeconds,
  seconds: (gaps) => Math.max(leastSeconds, longestGaps * longestGap(gaps)),
});

const byName = {
  instant: worth(10),
  short: worth(30),
  medium: worth(120),
  patient: patient(900, 1.5),
  lasting: patient(3600, 4),
} as const;

/** How a tenure is called where ways are listed. */
export type TenureName = keyof typeof byName;

/** All tenures. */
export const tenures: readonly Tenure[] = Object.values(byName);

/** The index of a tenure. */
export function tenureIndex(name: TenureName): number {
  return tenures.indexOf(byName[name]);
}

const shortestSeconds = 5;
const longestSeconds = 86_400;

/** How long a tenure keeps a level with such gaps. */
export function tenureSeconds({ unknownSeconds, seconds }: Tenure, gaps: Gaps): number {
  if (gaps.length === 0) return unknownSeconds;
  return Math.min(longestSeconds, Math.max(shortestSeconds, seconds(gaps)));
}
