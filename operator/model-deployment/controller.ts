import type { ModelDeployment, ModelDeploymentStatus } from "../../crds/v1alpha1/model-deployment.ts";
import type { Clock } from "../../runtime/base/clock.ts";
import type { Log } from "../../runtime/base/log.ts";
import type { Client, ObjectKey } from "../kube/client.ts";
import type { KubeObject } from "../kube/kinds.ts";
import type { Controller, LoopMetrics, Outcome } from "../loop/controller.ts";
import { createController } from "../loop/controller.ts";
import type { ModelFactsSource } from "../signals/model-facts.ts";
import type { Write } from "./apply.ts";
import { type Caches, labelledKey, lastingKey, type Watched } from "./caches.ts";
import { type NamedKey, namedKey, type Sources } from "./sources.ts";
import type { PodWarnings } from "./pods/pod-warnings.ts";
import { isIdle } from "./plan/action.ts";
import { isEqual } from "./plan/equality.ts";
import { statusShares } from "./plan/traffic.ts";
import type { Recorder } from "./recorder.ts";
import { createPace } from "./timing/pace.ts";
import { createNamesakes, type Namesakes } from "./timing/namesakes.ts";
import { createPortClaims, type PortClaims } from "./timing/port-claims.ts";
import { createRests, type Sight, sightOf } from "./timing/rests.ts";
import { createRivals, type Rivals } from "./timing/rivals.ts";
import { createSightings, type Sightings } from "./timing/sightings.ts";
import { reconcile, type Reconciled } from "./reconcile.ts";
import { isPodReady, type Settings } from "./snapshot.ts";

export interface DeploymentControllerOptions {
  readonly caches: Caches;
  readonly warnings: PodWarnings;
  readonly client: Client;
  readonly recorder: Recorder;
  readonly facts: ModelFactsSource;
  readonly acknowledged: Sources["acknowledged"];
  /** Absent: nothing is known of requests, and nothing is asked of candidates. */
  readonly evidence?: Sources["evidence"];
  /** Absent: nothing is scaled by itself. */
  readonly scaling?: Sources["scaling"];
  readonly trial?: Sources["trial"];
  readonly lackingField: Sources["lackingField"];
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: LoopMetrics;
  /** Keys that are reconciled at the same time. */
  readonly workers?: number;
  /** Lets the event loop turn. */
  readonly yieldToEventLoop?: (() => Promise<void>) | undefined;
}

/**
 * Longer than a watch waits before it connects again: what is planned without a ReplicaSet that was just made gives its
 * version to another.
 */
const awaitingCapMs = 90_000;
/** A pass takes milliseconds; one that waits for an API server that does not answer is not waited for: a crash is harmless. */
const stopCapMs = 1_500;

/** A controller that knows its keys. */
export interface DeploymentController extends Controller {
  /** Looks at every ModelDeployment again, after all that changed. */
  resync(): void;
}

/** The controller of ModelDeployments; it knows which key each change concerns. Waits for `start`. */
export function createDeploymentController(options: DeploymentControllerOptions): DeploymentController {
  const { caches, client, recorder, clock, log, metrics, workers, facts } = options;
  const sightings = createSightings(clock);
  const portClaims = createPortClaims();
  const namesakes = createNamesakes();
  const sources = cachedSources(options, { sightings, portClaims, namesakes });
  const pace = createPace(clock);
  const rests = createRests();
  const rivals = createRivals(clock);
  const controller = createController({
    name: "model-deployment",
    clock,
    awaitingCapMs,
    stopCapMs,
    log,
    ...(metrics === undefined ? {} : { metrics }),
    ...(workers === undefined ? {} : { workers }),
    yieldToEventLoop: options.yieldToEventLoop,
    reconcile: async (key): Promise<Outcome> => {
      if (rests.isAt(key, sources)) return {};
      const yieldMs = yieldsMs(key, { caches, rivals });
      if (yieldMs > 0) return { requeueAfterMs: yieldMs };
      const named = namedKey(key);
      let sight: Sight | undefined;
      askForFacts(named, caches, facts, () => controller.add(key));
      const passed = await reconcile(named, {
        sources,
        client,
        recorder,
        log,
        trust: rivals.isOutrun(key) ? "doubted" : "usual",
        onPlanned: ({ identity, status }, planned) => {
          portClaims.claim(identity, planned.port === status.gateway?.port ? undefined : planned.port);
          if (isIdle(planned)) sight = sightOf(key, sources);
        },
      });
      rests.begin(key, passed.isAtRest === true ? sight : undefined);
      rivals.passed(key, passed);
      return outcome(passed, (attempts) =>
        seenAfter(pace.restMs(key, attempts), passed.writes, options, () => controller.add(key)),
      );
    },
  });
  const keys = new Set<string>();
  const resync = (): void => controller.addAll(() => [...keys]);
  subscribe(controller, options, namesakes);
  caches.gateways.cache.subscribe(resync);
  caches.deployments.cache.subscribe(({ object, type }) => {
    const key = keyOf(object);
    if (type === "removed" || object.status?.gateway !== undefined) portClaims.release(object.metadata.uid);
    if (type === "removed") {
      for (const memory of [sightings, rests, pace, rivals]) memory.forget(key);
      keys.delete(key);
      return;
    }
    pace.wanted(key, object.metadata.generation ?? 0);
    keys.add(key);
  });
  return Object.assign(controller, { resync });
}

/** What the loop is told of a pass; with writes, done or refused, the key waits. */
function outcome(
  { writes, failure, recheckAfterMs }: Reconciled,
  awaiting: (attempts: number) => Promise<void>,
): Outcome {
  const attempts = writes.length + (failure === undefined ? 0 : 1);
  return {
    ...(failure === undefined ? {} : { failure }),
    ...(recheckAfterMs === undefined ? {} : { requeueAfterMs: recheckAfterMs }),
    ...(attempts === 0 ? {} : { awaiting: awaiting(attempts) }),
  };
}

/** How long a ModelDeployment is left to another process that writes it, too. */
function yieldsMs(key: string, { caches, rivals }: { readonly caches: Caches; readonly rivals: Rivals }): number {
  const { cache } = caches.deployments;
  const named = namedKey(key);
  const glance = cache.identityAt(named);
  if (glance === undefined) return 0;
  const whole = (): ModelDeployment | undefined => cache.find(named);
  return rivals.restMs(key, { resourceVersion: glance.resourceVersion, whole });
}

/** Resolves when the caches show what was written, and after a rest. */
async function seenAfter(
  restMs: number,
  writes: readonly Write[],
  { caches, clock }: DeploymentControllerOptions,
  onLost: () => void,
): Promise<void> {
  const areThere = await allSeen(writes, caches);
  // What was made and taken away while a watch was not there is nothing that its next state tells of.
  if (!areThere) onLost();
  if (restMs > 0) await clock.sleep(restMs);
}

/** From changes to keys. */
function subscribe(
  controller: Controller,
  { caches, warnings, facts }: DeploymentControllerOptions,
  namesakes: Namesakes,
): void {
  const add = (key: string | undefined): void => {
    if (key !== undefined) controller.add(key);
  };
  const addLabelled = ({ object }: { readonly object: KubeObject }): void => add(labelledKey(object));
  caches.deployments.cache.subscribe((change) => {
    const { object, type, previous } = change;
    controller.add(keyOf(object), isAsked(object, previous, caches) ? "requested" : "changed");
    for (const key of namesakes.note(keyOf(object), change)) add(key);
    const port = object.status?.gateway?.port;
    if (port === undefined) return;
    // Two that took the same port at the same time, or one that waits for a port that is free now.
    for (const other of caches.deployments.cache.withIndex("port", String(port))) {
      if (other.metadata.uid !== object.metadata.uid || type === "removed") add(keyOf(other));
    }
  });
  caches.replicaSets.cache.subscribe(addLabelled);
  caches.pods.cache.subscribe(({ object, type }) => {
    if (type === "removed") facts.forget(object.metadata.uid);
    if (type === "removed") warnings.forget(object.metadata.uid);
    add(labelledKey(object));
  });
  caches.services.cache.subscribe(addLabelled);
  caches.serviceAccounts.cache.subscribe(addLabelled);
  caches.endpointSlices.cache.subscribe(addLabelled);
  caches.podDisruptionBudgets.cache.subscribe(addLabelled);
  caches.httpRoutes.cache.subscribe(addLabelled);
  warnings.subscribe((podUid) => {
    const pod = caches.pods.cache.withUid(podUid);
    if (pod !== undefined) add(labelledKey(pod));
  });
}

/** A user made or changed it, which other events of thousands must not keep waiting; status is our own word. */
function isAsked(
  { metadata }: ModelDeployment,
  previous: ModelDeployment | undefined,
  { deployments }: Caches,
): boolean {
  if (previous === undefined) return deployments.cache.synced;
  const { generation, annotations } = previous.metadata;
  return metadata.generation !== generation || !isEqual(metadata.annotations, annotations);
}

/** What is known beside the caches. */
interface Memories {
  readonly sightings: Sightings;
  readonly portClaims: Pick<PortClaims, "claimant">;
  readonly namesakes: Namesakes;
}

function cachedSources(options: DeploymentControllerOptions, { sightings, portClaims, namesakes }: Memories): Sources {
  const { caches, warnings, facts, acknowledged, lackingField, settings, clock, evidence, trial, scaling } = options;
  return {
    settings,
    now: () => clock.now(),
    deployment: (key) => caches.deployments.cache.find(key),
    deploymentsOnPort: (port) => caches.deployments.cache.identitiesWith("port", String(port)),
    portClaimant: (port) => portClaims.claimant(port),
    replicaSetsOf: (uid) => caches.replicaSets.cache.withIndex("owner", uid),
    replicaSet: (key) => caches.replicaSets.cache.find(key),
    podsOf: (uid) => caches.pods.cache.withIndex("owner", uid),
    serviceAccount: (key) => caches.serviceAccounts.cache.find(key),
    service: (key) => caches.services.cache.find(key),
    endpointSlice: (key) => caches.endpointSlices.cache.find(key),
    podDisruptionBudget: (key) => caches.podDisruptionBudgets.cache.find(key),
    httpRoute: (key) => caches.httpRoutes.cache.find(key),
    servicesOf: (uid) => caches.services.cache.withIndex("owner", uid),
    identityAt: (kind, key) => caches[kind].cache.identityAt(key),
    identitiesOwnedBy: (kind, uid) => caches[kind].cache.identitiesWith("owner", uid),
    gateways: () => caches.gateways.cache.all(),
    warning: (podUid) => warnings.latest(podUid),
    acknowledged,
    facts: (podUid) => facts.facts(podUid),
    scaling: (key) => scaling?.(key),
    evidence: (key, sinceMs) => evidence?.(key, sinceMs),
    trial: (key, revisionHash) => trial?.(key, revisionHash),
    seenMs: (key, what, state) => sightings.seenMs(key, what, state),
    lackingField,
    namesakes: (key, model) => namesakes.others(key, model),
  };
}

/** One ready pod of each revision whose model is not known yet; a revision's pods all have the same one. */
function askForFacts(key: NamedKey, caches: Caches, facts: ModelFactsSource, onFacts: () => void): void {
  const deployment = caches.deployments.cache.find(key);
  if (deployment?.status === undefined) return;
  const known = knownRevisions(deployment.status);
  for (const { revision } of statusShares(deployment.status)) {
    if (known.includes(revision)) continue;
    const pod = caches.replicaSets.cache
      .withIndex("owner", deployment.metadata.uid)
      .filter(({ metadata }) => metadata.name.endsWith(`-${revision}`))
      .flatMap(({ metadata }) => caches.pods.cache.withIndex("owner", metadata.uid))
      .find((pod) => isPodReady(pod) && pod.metadata.deletionTimestamp === undefined);
    const address = pod?.status?.podIP;
    if (pod !== undefined && address !== undefined) facts.ask({ uid: pod.metadata.uid, address }, onFacts);
  }
}

/** Of the revision whose model status shows the digest alone is not enough. */
function knownRevisions({ stable, candidate, model }: ModelDeploymentStatus): readonly string[] {
  const shown = stable ?? candidate;
  return [stable, candidate]
    .filter((share) => share !== undefined)
    .filter((share) => share.digest !== undefined && (share !== shown || model?.digest === share.digest))
    .map(({ revision }) => revision);
}

/**
 * Resolves when the caches have come to every write, so that the next reconcile sees its predecessor's work; with whether
 * all that was written is there.
 */
async function allSeen(writes: readonly Write[], caches: Caches): Promise<boolean> {
  const watched: readonly Pick<Watched<KubeObject>, "resource" | "cache">[] = Object.values(caches);
  const seen = writes.flatMap((write) =>
    watched
      .filter(({ resource }) => resource.kind === write.resource.kind)
      .map(async ({ cache }) => {
        await cache.untilSeen(write.resourceVersion);
        return cache.identityAt(write) !== undefined;
      }),
  );
  return (await Promise.all(seen)).every(Boolean);
}

function keyOf({ metadata }: { readonly metadata: ObjectKey }): string {
  return lastingKey(metadata);
}
