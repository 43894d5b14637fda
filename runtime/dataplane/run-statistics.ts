import type { Clock } from "../base/clock.ts";

/** So many requests, and the time that they took together. */
export interface CountedTime {
  readonly count: number;
  readonly totalMs: number;
}

/** What has run on a version of a model since it was loaded. */
export interface RunStatistics {
  /** Answered requests, from their admission to their outputs. */
  readonly success: CountedTime;
  /** Requests that failed, or that were not executed because they were late or nobody waited any more. */
  readonly failure: CountedTime;
  /** Time that the answered ones waited for the engine. */
  readonly queue: CountedTime;
  /** Time of the engine: each request of a batch counts it whole. */
  readonly compute: CountedTime;
  /** Rows that ran through the engine, and calls of the engine. */
  readonly rows: number;
  readonly executions: number;
  /** When the last batch ended, by the wall clock; 0: there was none. */
  readonly lastMs: number;
}

/** Counts what runs. Times are those of `Clock.monotonic()`. */
export interface RunRecord {
  readonly statistics: () => RunStatistics;
  /** A batch that the engine has answered; `admissions` has one time for each of its requests. */
  readonly answered: (admissions: readonly number[], start: number, rows: number) => void;
  readonly failed: (admission: number) => void;
}

interface Sum {
  count: number;
  totalMs: number;
}

/** A record of nothing yet. */
export function runRecord(clock: Clock): RunRecord {
  const [success, failure, queue, compute] = [zero(), zero(), zero(), zero()];
  let rows = 0;
  let executions = 0;
  let lastMs = 0;
  return {
    statistics: () => ({
      success: { ...success },
      failure: { ...failure },
      queue: { ...queue },
      compute: { ...compute },
      rows,
      executions,
      lastMs,
    }),
    answered: (admissions, start, batchRows) => {
      const end = clock.monotonic();
      for (const admission of admissions) {
        add(success, end - admission);
        add(queue, start - admission);
        add(compute, end - start);
      }
      rows += batchRows;
      executions += 1;
      lastMs = clock.now();
    },
    failed: (admission) => add(failure, clock.monotonic() - admission),
  };
}

function zero(): Sum {
  return { count: 0, totalMs: 0 };
}

function add(sum: Sum, ms: number): void {
  sum.count += 1;
  sum.totalMs += ms;
}
