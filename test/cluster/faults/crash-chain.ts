import { setTimeout as sleep } from "node:timers/promises";

import { difference } from "./stage/end-state.ts";
import { isAboutLease } from "./proxy/ledger.ts";
import { openPlace, type Place } from "./stage/place.ts";
import { followClaims } from "./readiness-claims.ts";
import type { Stage } from "./stage/stage.ts";
import { restWords, stories, type Story } from "./stories.ts";

/** A request of the operator, counted from 1 from a story's beginning, and whether the server gets it before the crash. */
export interface CrashPoint {
  readonly request: number;
  readonly when: "before" | "after";
}

/** What a story comes to without a crash. */
export interface Calm {
  readonly state: readonly string[];
  /** Creations and deletions of the operator, in words. */
  readonly acts: readonly string[];
  readonly requests: number;
}

export type Reference = ReadonlyMap<string, Calm>;

export interface Played {
  /** Stories in which the operator was killed. */
  readonly crashes: number;
  /** Those that ended as without a crash. */
  readonly recovered: number;
  /** Stories that were over before the request of their crash. */
  readonly spared: number;
  readonly failures: readonly string[];
}

const restLimitMs = 60_000;
/** What the operator does by the clock (looks at a drain, asks pods about their model) it does within this time. */
const quietMs = 800;
const shortlyMs = 120;
const pollMs = 25;

/** Plays all stories without a crash. */
export async function playCalmly(stage: Stage, namespace: string): Promise<Reference> {
  const place = await openPlace(stage, namespace);
  const reference = new Map<string, Calm>();
  try {
    await place.startOperator().leads;
    for (const story of stories) {
      const actsBefore = place.ledger.acts.length;
      await prepare(place, story);
      const counted = countRequests(place, story);
      await begin(stage, place, story);
      await place.operator?.leads;
      await until(
        () => restOf(stage, namespace) === story.rest,
        () => `${story.name}: ${restOf(stage, namespace)}`,
      );
      await quiet(stage, place, quietMs);
      const acts = place.ledger.acts.slice(actsBefore).toSorted();
      reference.set(story.name, { state: place.endState(), acts, requests: counted() });
    }
  } finally {
    await place.stop();
  }
  return reference;
}

export interface CrashChain {
  readonly namespace: string;
  readonly reference: Reference;
  /** Undefined: none in this story. */
  readonly pointOf: (calm: Calm) => CrashPoint | undefined;
}

/** Plays the stories up to the last that has a point, with a crash in each that has one; stops at the first that does not end as it should. */
export async function playCrashes(stage: Stage, { namespace, reference, pointOf }: CrashChain): Promise<Played> {
  const place = await openPlace(stage, namespace);
  const claims = followClaims(stage, namespace);
  const ends: (End & Pick<Scene, "point">)[] = [];
  const failures: string[] = [];
  const planned = stories.map((story) => {
    const calm = reference.get(story.name);
    if (calm === undefined) throw new Error(`no reference of ${story.name}`);
    return { story, calm, point: pointOf(calm) };
  });
  const length = planned.findLastIndex(({ point }) => point !== undefined) + 1;
  try {
    await place.startOperator().leads;
    for (const { story, calm, point } of planned.slice(0, length)) {
      // A start in peace shows nothing.
      if (point === undefined && story.change === undefined) continue;
      const words = `${story.name}: ${point === undefined ? "no crash" : `crash ${point.when} request ${point.request}`}`;
      const { isCrashed, wrong } = await playStory(stage, place, { story, calm, point });
      ends.push({ point, isCrashed, wrong });
      failures.push(...wrong.map((line) => `${words}: ${line}`));
      if (wrong.length > 0) failures.push(...(place.operator?.log ?? []).slice(-30));
      if (wrong.length > 0) break;
    }
    failures.push(...claims.false);
  } finally {
    claims.stop();
    await place.stop();
  }
  const crashed = ends.filter(({ isCrashed }) => isCrashed);
  return {
    crashes: crashed.length,
    recovered: crashed.filter(({ wrong }) => wrong.length === 0).length,
    spared: ends.filter(({ point, isCrashed }) => point !== undefined && !isCrashed).length,
    failures,
  };
}

interface Scene {
  readonly story: Story;
  readonly calm: Calm;
  readonly point: CrashPoint | undefined;
}

/** How a story ended, and what is not as it is without a crash. */
interface End {
  readonly isCrashed: boolean;
  readonly wrong: readonly string[];
}

async function playStory(stage: Stage, place: Place, { story, calm, point }: Scene): Promise<End> {
  const actsBefore = place.ledger.acts.length;
  const isLikeCalm = (): boolean => difference(calm.state, place.endState()).length === 0;
  await prepare(place, story);
  const fuse = layFuse(place, story, point);
  await begin(stage, place, story);
  const past = async (): Promise<void> => {
    await place.operator?.leads;
    await until(isLikeCalm, () => "");
    await quiet(stage, place, quietMs);
  };
  if (point !== undefined) await Promise.race([fuse.blown, past().catch(() => {})]);
  place.proxy.judge = () => undefined;
  const isCrashed = fuse.isBlown();
  if (isCrashed) {
    await place.buryOperator();
    await place.startOperator().leads;
  }
  try {
    await until(isLikeCalm, () => "");
  } catch {
    return { isCrashed, wrong: difference(calm.state, place.endState()) };
  }
  await quiet(stage, place, shortlyMs);
  const acts = place.ledger.acts.slice(actsBefore).toSorted();
  const wrong = [...difference(calm.state, place.endState())];
  if (acts.join() !== calm.acts.join()) wrong.push(`did ${acts.join(", ")}; without a crash ${calm.acts.join(", ")}`);
  return { isCrashed, wrong };
}

/** Before a start the operator of before ends: its last requests are none of the story's. */
async function prepare(place: Place, { change }: Story): Promise<void> {
  if (change === undefined) await place.buryOperator();
}

/** Makes the change of the story, or starts the operator anew. */
async function begin({ client }: Stage, place: Place, { change }: Story): Promise<void> {
  if (change === undefined) place.startOperator();
  else await change(client, place.namespace);
}

interface Fuse {
  readonly blown: Promise<void>;
  isBlown(): boolean;
}

function layFuse(place: Place, story: Story, point: CrashPoint | undefined): Fuse {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isBlown = false;
  let count = 0;
  place.proxy.judge = (request) => {
    if (!counts(story, request)) return undefined;
    count += 1;
    if (count !== point?.request) return undefined;
    const onPassed = (): void => {
      place.operator?.kill();
      isBlown = true;
      resolve();
    };
    return { when: point.when, onPassed };
  };
  return { blown: promise, isBlown: () => isBlown };
}

function countRequests(place: Place, story: Story): () => number {
  let count = 0;
  place.proxy.judge = (request) => {
    if (counts(story, request)) count += 1;
    return undefined;
  };
  return () => count;
}

/** A lease is renewed by the clock: such requests count only in a start, whose own they are. */
function counts({ change }: Story, request: { readonly path: string }): boolean {
  return change === undefined || !isAboutLease(request);
}

function restOf({ view }: Stage, namespace: string): string {
  const objects = view.objects(namespace).filter(([, { metadata }]) => metadata.name !== "default");
  return restWords(view.deployments.find({ namespace, name: "digits" }), objects);
}

/** Waits until neither the cluster changes nor the operator asks for anything. */
async function quiet({ view }: Stage, place: Place, forMs: number): Promise<void> {
  const level = (): number => view.changes(place.namespace) + place.ledger.requests;
  let last = level();
  let sinceMs = performance.now();
  const limitMs = sinceMs + restLimitMs;
  while (performance.now() - sinceMs < forMs) {
    if (performance.now() > limitMs) throw new Error(`no rest in ${place.namespace} within ${restLimitMs} ms`);
    await sleep(pollMs);
    if (level() === last) continue;
    last = level();
    sinceMs = performance.now();
  }
}

async function until(isSo: () => boolean, words: () => string): Promise<void> {
  const limitMs = performance.now() + restLimitMs;
  while (!isSo()) {
    if (performance.now() > limitMs) throw new Error(`not within ${restLimitMs} ms: ${words()}`);
    await sleep(pollMs);
  }
}
