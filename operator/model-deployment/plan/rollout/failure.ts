import type { Snapshot } from "../../snapshot.ts";
import type { FailedRevision } from "./memory/progress.ts";
import { revisionOf } from "../../snapshot.ts";
import { diagnosis, isLackOfRoom } from "../diagnosis.ts";
import { isNew } from "./commands.ts";
import { podCount } from "./moves.ts";
import { progressText } from "./steps/position.ts";
import { isOneAtATime, type Situation } from "./situation.ts";
import { deadlineMs, spelledDuration } from "./steps/strategy.ts";

/** As many as the API keeps. */
const maxRemembered = 10;

type Check = (situation: Situation) => Omit<FailedRevision, "revision"> | undefined;

/** In order: what a user wants first. */
const checks: readonly Check[] = [aborted, trialFailed, analysisFailed, hopeless, overdue];

/** Why the candidate is given up; undefined while it is not. */
export function failure(situation: Situation): FailedRevision | undefined {
  const found = checks.map((check) => check(situation)).find((one) => one !== undefined);
  if (found === undefined) return undefined;
  const { snapshot, here, weight } = situation;
  const at = progressText(here.strategy.steps, here.progress);
  const where = at === undefined ? `at ${weight} % of the requests` : `at ${weight} % of the requests, ${at}`;
  return { revision: snapshot.wanted.hash, reason: found.reason, message: `${found.message} (${where})` };
}

/** The revisions that are not tried again, with one more. */
export function remembered({ rollout: { failed = [] } }: Snapshot, one: FailedRevision): readonly FailedRevision[] {
  return [...failed.filter(({ revision }) => revision !== one.revision), one].slice(-maxRemembered);
}

function aborted({ snapshot }: Situation): ReturnType<Check> {
  return isNew(snapshot, "abort") ? { reason: "Aborted", message: "the rollout was aborted by a command" } : undefined;
}

function trialFailed({ snapshot: { trial } }: Situation): ReturnType<Check> {
  if (trial?.state !== "Failed") return undefined;
  return { reason: trial.reason ?? "PredictionsDiffer", message: trial.message };
}

function analysisFailed({ judgement, here }: Situation): ReturnType<Check> {
  if (judgement?.verdict !== "Fail" || here.progress.skipped !== undefined) return undefined;
  return { reason: "AnalysisFailed", message: judgement.message ?? "it did worse than the stable revision" };
}

/** What no waiting can cure is not waited for while nothing serves: the stable revision made room for it. */
function hopeless(situation: Situation): ReturnType<Check> {
  const { snapshot, ready, stableReady } = situation;
  if (!isOneAtATime(situation) || ready > 0 || stableReady > 0) return undefined;
  const fault = diagnosis(revisionOf(snapshot, snapshot.wanted.hash), snapshot.now);
  return fault?.retry === "never" && !isLackOfRoom(fault) ? { reason: fault.code, message: fault.sentence } : undefined;
}

function overdue(situation: Situation): ReturnType<Check> {
  const { snapshot, counts, ready, weight } = situation;
  const remainingMs = untilDeadlineMs(situation);
  if (remainingMs === undefined || remainingMs > 0) return undefined;
  const { hash } = snapshot.wanted;
  const fault = diagnosis(revisionOf(snapshot, hash), snapshot.now);
  const trial = snapshot.trial?.state === "Running" && weight === 0 && ready > 0 ? snapshot.trial.message : undefined;
  const cause = counts.waits ?? fault?.sentence ?? trial ?? `${podCount(ready, counts.candidate)} ready`;
  const allowed = spelledDuration(deadlineMs(snapshot.spec));
  return { reason: "ProgressDeadline", message: `it made no progress within ${allowed}: ${cause}` };
}

/** How long until the candidate counts as failed; undefined while its time does not run: in pauses, and with its pods ready. */
export function untilDeadlineMs(situation: Situation): number | undefined {
  const { snapshot, here, counts, ready, weight } = situation;
  const isThere = weight >= here.weight;
  // Beyond a setWeight only what was lost again is waited for; after the last step nothing is, once it has everything.
  const isWaited = here.step?.kind === "setWeight" || !isThere;
  const isLacking = ready < counts.candidate || (snapshot.trial?.state === "Running" && weight === 0);
  if (here.isPaused || !isWaited || !isLacking) return undefined;
  const allowedMs = deadlineMs(snapshot.spec);
  const passedMs = Math.min(snapshot.now - here.progress.progressedMs, snapshot.stalledMs ?? Number.POSITIVE_INFINITY);
  return allowedMs - passedMs;
}
