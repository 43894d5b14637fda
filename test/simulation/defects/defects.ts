/** A mistake that somebody might make: a text of a source file of the operator, and what stands there instead. */
export interface Defect {
  readonly file: string;
  readonly text: string;
  readonly instead: string;
  /** Schedules that are enough to find it, from seed 1 on. */
  readonly within: number;
}

/** What the simulation is to find: if one of these gets through, a schedule has become too easy. */
export const defects: Readonly<Record<string, Defect>> = {
  "goes on after an expired watch as if it had seen all": {
    file: "operator/kube/watch.ts",
    text: 'if (end.reason === "expired") position.resumeFrom = undefined;',
    instead: "",
    within: 200,
  },
  "keeps what is not there any more when it reads all anew": {
    file: "operator/kube/cache.ts",
    text: "return known.filter(({ metadata }) => !uids.has(metadata.uid));",
    instead: "return [];",
    within: 20,
  },
  "does not look again at what changed while it was at it": {
    file: "operator/loop/queue.ts",
    text: "if (priority !== undefined) add(key, priority);",
    instead: "",
    within: 50,
  },
  "does not try again what failed": {
    file: "operator/loop/controller.ts",
    text: "else queue.retry(key, failure.retry);",
    instead: "",
    within: 300,
  },
  "does not come back when a time is over": {
    file: "operator/loop/controller.ts",
    text: "if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);",
    instead: "",
    within: 60,
  },
  "does not see that something is gone": {
    file: "operator/kube/cache.ts",
    text: "if (known !== undefined) drop(known);",
    instead: "",
    within: 50,
  },
};
