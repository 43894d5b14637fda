import { setTimeout as sleep } from "node:timers/promises";

import { difference } from "./cluster/end-state.ts";
import { isAboutLease } from "./proxy/request-log.ts";
import { createSandbox, type Sandbox } from "./cluster/sandbox.ts";
import { watchReadyClaims } from "./ready-claims.ts";
import type { TestCluster } from "./cluster/test-cluster.ts";
import { stateSummary, stories, type Story } from "./stories.ts";

/** Crashes the operator at a request, counted from 1 since the story began, before or after the server gets the request. */
export interface CrashPoint {
  readonly request: number;
  readonly when: "before" | "after";
}

/** The result of a story that ran without a crash. */
export interface Baseline {
  readonly state: readonly string[];
  /** Objects that the operator created and deleted, as in `RequestLog`. */
  readonly acts: readonly string[];
  readonly requests: number;
}

/** Baselines by the name of the story. */
export type Baselines = ReadonlyMap<string, Baseline>;

/** Counts of the stories that ran with a crash. */
export interface CrashResults {
  /** Stories in which the operator was killed. */
  readonly crashes: number;
  /** Crashed stories that ended like their baseline. */
  readonly recovered: number;
  /** Stories that ended before the request at which they should have crashed. */
  readonly notReached: number;
  readonly failures: readonly string[];
}

const idleTimeoutMs = 60_000;
/** Longer than the intervals at which the operator checks a drain or asks pods about their model. */
const quietMs = 800;
const settleMs = 120;
const pollMs = 25;

/** Runs all stories without a crash and returns their baselines. */
export async function runWithoutCrashes(cluster: TestCluster, namespace: string): Promise<Baselines> {
  const sandbox = await createSandbox(cluster, namespace);
  const baselines = new Map<string, Baseline>();
  try {
    await sandbox.startOperator().leads;
    for (const story of stories) {
      const actsBefore = sandbox.requestLog.acts.length;
      await prepare(sandbox, story);
      const counted = countRequests(sandbox, story);
      await begin(cluster, sandbox, story);
      await sandbox.operator?.leads;
      await until(
        () => stateOf(cluster, namespace) === story.rest,
        () => `${story.name}: ${stateOf(cluster, namespace)}`,
      );
      await untilQuiet(cluster, sandbox, quietMs);
      const acts = sandbox.requestLog.acts.slice(actsBefore).toSorted();
      baselines.set(story.name, { state: sandbox.endState(), acts, requests: counted() });
    }
  } finally {
    await sandbox.stop();
  }
  return baselines;
}

/** A chain of stories and the crash points to meet in it. */
export interface CrashChain {
  readonly namespace: string;
  readonly baselines: Baselines;
  /** Undefined: no crash in this story. */
  readonly pointOf: (baseline: Baseline) => CrashPoint | undefined;
}

/** Runs the stories up to the last one with a crash point, crashing where there is a point; stops at the first story that ends unlike its baseline. */
export async function runCrashChain(
  cluster: TestCluster,
  { namespace, baselines, pointOf }: CrashChain,
): Promise<CrashResults> {
  const sandbox = await createSandbox(cluster, namespace);
  const claims = watchReadyClaims(cluster, namespace);
  const results: (StoryResult & Pick<StoryRun, "point">)[] = [];
  const failures: string[] = [];
  const planned = stories.map((story) => {
    const baseline = baselines.get(story.name);
    if (baseline === undefined) throw new Error(`no baselines of ${story.name}`);
    return { story, baseline, point: pointOf(baseline) };
  });
  const length = planned.findLastIndex(({ point }) => point !== undefined) + 1;
  try {
    await sandbox.startOperator().leads;
    for (const { story, baseline, point } of planned.slice(0, length)) {
      // A restart without a crash shows nothing.
      if (point === undefined && story.change === undefined) continue;
      const words = `${story.name}: ${point === undefined ? "no crash" : `crash ${point.when} request ${point.request}`}`;
      const { isCrashed, wrong } = await runStory(cluster, sandbox, { story, baseline, point });
      results.push({ point, isCrashed, wrong });
      failures.push(...wrong.map((line) => `${words}: ${line}`));
      if (wrong.length > 0) failures.push(...(sandbox.operator?.log ?? []).slice(-30));
      if (wrong.length > 0) break;
    }
    failures.push(...claims.false);
  } finally {
    claims.stop();
    await sandbox.stop();
  }
  const crashed = results.filter(({ isCrashed }) => isCrashed);
  return {
    crashes: crashed.length,
    recovered: crashed.filter(({ wrong }) => wrong.length === 0).length,
    notReached: results.filter(({ point, isCrashed }) => point !== undefined && !isCrashed).length,
    failures,
  };
}

interface StoryRun {
  readonly story: Story;
  readonly baseline: Baseline;
  readonly point: CrashPoint | undefined;
}

/** How a story ended, and the differences from its baseline. */
interface StoryResult {
  readonly isCrashed: boolean;
  readonly wrong: readonly string[];
}

async function runStory(
  cluster: TestCluster,
  sandbox: Sandbox,
  { story, baseline, point }: StoryRun,
): Promise<StoryResult> {
  const actsBefore = sandbox.requestLog.acts.length;
  const isLikeBaseline = (): boolean => difference(baseline.state, sandbox.endState()).length === 0;
  await prepare(sandbox, story);
  const trigger = armCrash(sandbox, story, point);
  await begin(cluster, sandbox, story);
  const completed = async (): Promise<void> => {
    await sandbox.operator?.leads;
    await until(isLikeBaseline, () => "");
    await untilQuiet(cluster, sandbox, quietMs);
  };
  if (point !== undefined) await Promise.race([trigger.triggered, completed().catch(() => {})]);
  sandbox.proxy.intercept = () => undefined;
  const isCrashed = trigger.isTriggered();
  if (isCrashed) {
    await sandbox.removeOperator();
    await sandbox.startOperator().leads;
  }
  try {
    await until(isLikeBaseline, () => "");
  } catch {
    return { isCrashed, wrong: difference(baseline.state, sandbox.endState()) };
  }
  await untilQuiet(cluster, sandbox, settleMs);
  const acts = sandbox.requestLog.acts.slice(actsBefore).toSorted();
  const wrong = [...difference(baseline.state, sandbox.endState())];
  if (acts.join() !== baseline.acts.join())
    wrong.push(`did ${acts.join(", ")}; without a crash ${baseline.acts.join(", ")}`);
  return { isCrashed, wrong };
}

/** Stops the previous operator before a restart story, so that its last requests are not counted in the story. */
async function prepare(sandbox: Sandbox, { change }: Story): Promise<void> {
  if (change === undefined) await sandbox.removeOperator();
}

/** Makes the change of the story, or restarts the operator. */
async function begin({ client }: TestCluster, sandbox: Sandbox, { change }: Story): Promise<void> {
  if (change === undefined) sandbox.startOperator();
  else await change(client, sandbox.namespace);
}

interface CrashTrigger {
  readonly triggered: Promise<void>;
  isTriggered(): boolean;
}

function armCrash(sandbox: Sandbox, story: Story, point: CrashPoint | undefined): CrashTrigger {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isTriggered = false;
  let count = 0;
  sandbox.proxy.intercept = (request) => {
    if (!isCounted(story, request)) return undefined;
    count += 1;
    if (count !== point?.request) return undefined;
    const onInjected = (): void => {
      sandbox.operator?.kill();
      isTriggered = true;
      resolve();
    };
    return { when: point.when, onInjected };
  };
  return { triggered: promise, isTriggered: () => isTriggered };
}

function countRequests(sandbox: Sandbox, story: Story): () => number {
  let count = 0;
  sandbox.proxy.intercept = (request) => {
    if (isCounted(story, request)) count += 1;
    return undefined;
  };
  return () => count;
}

/** Requests for the lease come at intervals, so they count only in restart stories, where they belong to the start. */
function isCounted({ change }: Story, request: { readonly path: string }): boolean {
  return change === undefined || !isAboutLease(request);
}

function stateOf({ view }: TestCluster, namespace: string): string {
  const objects = view.objects(namespace).filter(([, { metadata }]) => metadata.name !== "default");
  return stateSummary(view.deployments.find({ namespace, name: "digits" }), objects);
}

/** Waits until for `forMs` neither the cluster changes nor the operator sends a request. */
async function untilQuiet({ view }: TestCluster, sandbox: Sandbox, forMs: number): Promise<void> {
  const activity = (): number => view.changes(sandbox.namespace) + sandbox.requestLog.requests;
  let last = activity();
  let sinceMs = performance.now();
  const limitMs = sinceMs + idleTimeoutMs;
  while (performance.now() - sinceMs < forMs) {
    if (performance.now() > limitMs) throw new Error(`still active in ${sandbox.namespace} within ${idleTimeoutMs} ms`);
    await sleep(pollMs);
    if (activity() === last) continue;
    last = activity();
    sinceMs = performance.now();
  }
}

async function until(isMet: () => boolean, state: () => string): Promise<void> {
  const limitMs = performance.now() + idleTimeoutMs;
  while (!isMet()) {
    if (performance.now() > limitMs) throw new Error(`not within ${idleTimeoutMs} ms: ${state()}`);
    await sleep(pollMs);
  }
}
