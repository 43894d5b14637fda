import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { Fault } from "../../../runtime/base/fault.ts";
import { difference, endState, withoutHistory, withoutPast } from "../oracle/end-state.ts";
import { createRandom, type RandomSource } from "../schedule/random.ts";
import type { SharedServer } from "../world/shared-server.ts";
import { createWorld, type World } from "../world/world.ts";
import { type SpecField, specWith } from "./spec-fields.ts";

type Spec = Record<string, unknown>;

/** The result of a walk through the states of a field: good → changed → changed and broken → good. */
export interface SpecWalk {
  /** The spec that the API server accepted; undefined when it refused all attempts. */
  readonly changed: Spec | undefined;
  readonly transitions: number;
  /** Reason of `Ready` in the changed state. */
  readonly reason: string;
  readonly violations: readonly string[];
}

const key = { namespace: "default", name: "shop" };
const good: Spec = {
  model: { source: { configMap: { name: "models", key: "good-1.h5" } } },
  replicas: 2,
};
const broken: Spec = { configMap: { name: "models", key: "bad-1.h5" } };
const attempts = 60;
/** A state has converged when nothing was written for this long: foreign objects are checked every 30 s. */
const quietMs = 35_000;
/** Time limit for the convergence of any spec. */
const convergenceLimitMs = 30 * 60_000;

/**
 * Applies a spec with the field, breaks its model, and applies the good spec again. Each state must be reached or explained in
 * status, equal the state of a new object with that spec, and leave nothing behind. The idea is from Acto (SOSP 2023).
 */
export async function walkField(shared: SharedServer, field: SpecField, seed: number): Promise<SpecWalk> {
  const random = createRandom(seed);
  const found = await withWorld(shared, seed, (world) => throughStates(world, field, random));
  if (found.changed === undefined || found.reason !== "AsDeclared") return found;
  const anew = await withWorld(shared, seed, async (world) => {
    await declare(world, found.changed ?? {});
    return settledState(world);
  });
  const differences = difference(plain(anew), plain(found.state));
  if (differences.length === 0) return found;
  return {
    ...found,
    violations: [...found.violations, "the changed state differs from that of a new object", ...differences],
  };
}

async function withWorld<T>(shared: SharedServer, seed: number, act: (world: World) => Promise<T>): Promise<T> {
  const world = await createWorld(shared, seed, { runsAnalyses: true });
  try {
    world.startOperator(false);
    return await act(world);
  } finally {
    await world.end();
  }
}

async function throughStates(
  world: World,
  field: SpecField,
  random: RandomSource,
): Promise<SpecWalk & { readonly state: readonly string[] }> {
  await declare(world, good);
  const begun = await settledState(world);
  const changed = await accepted(world, field, random);
  if (changed === undefined)
    return { changed, transitions: 0, reason: "", violations: ["no spec with this field is accepted"], state: [] };
  const state = await settledState(world);
  const ready = readyOf(world);
  const violations = [...unexplained(world, "changed")];
  await declare(world, { ...changed, model: { ...(changed["model"] as Spec), source: broken } }); // every spec has a model
  await settledState(world);
  violations.push(...unexplained(world, "broken"), ...unnoticed(world, ready?.reason));
  await declare(world, good);
  const differences = difference(plain(begun), plain(await settledState(world)));
  if (differences.length > 0) violations.push("the good spec does not lead back to its first state", ...differences);
  return { changed, transitions: 3, reason: ready?.reason ?? "", violations, state };
}

/** The first sampled spec that the API server accepts: minimal ones first, then richer ones. */
async function accepted(world: World, field: SpecField, random: RandomSource): Promise<Spec | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const spec = merged(field, specWith(field, random, attempt > 5));
    const refusal = await declare(world, spec).catch((thrown: unknown) => Fault.from(thrown));
    if (!(refusal instanceof Fault)) return spec;
  }
  return undefined;
}

/** A sampled spec with the good model's source unless it has its own; rollout fields take effect only with a new revision. */
function merged({ steps: [first] }: SpecField, sampled: Spec): Spec {
  const model = sampled["model"] as Spec; // the schema requires it
  const hasSource = Object.keys(model["source"] as Spec).length > 0; // likewise
  const revision = first === "rollout" ? "good-2.h5" : "good-1.h5";
  const source = hasSource ? model["source"] : { configMap: { name: "models", key: revision } };
  const replicas = sampled["autoscaling"] === undefined ? { replicas: 2 } : {};
  return { ...replicas, ...sampled, model: { ...model, source } };
}

/** Applies a spec, as `kubectl apply --server-side` does: fields that it lacks are removed. */
async function declare(world: World, spec: Spec): Promise<void> {
  await world.client.apply(resources.modelDeployments, {
    apiVersion: "modelwright.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: key,
    spec,
  } as never); // a spec of its kind
}

async function settledState(world: World): Promise<readonly string[]> {
  const untilMs = world.clock.monotonic() + convergenceLimitMs;
  for (let changes = -1; changes !== world.changes && world.clock.monotonic() < untilMs;) {
    changes = world.changes;
    await world.advance(quietMs);
  }
  return [...endState(world.server), ...routes(world)];
}

/** The routes of each gateway, without resourceVersions, ports and pod addresses. */
function routes({ gateways }: World): readonly string[] {
  return gateways.all.flatMap(({ name, table }) =>
    [...table.byKey.values()].map(({ route }) => {
      const revisions = route.revisions.map(
        ({ hash, weight, endpoints }) => `${hash}=${weight} of ${endpoints.length}`,
      );
      const plainRoute = { ...route, resourceVersion: undefined, port: undefined, revisions };
      return `gateway ${name} ${JSON.stringify(plainRoute)}`;
    }),
  );
}

/** Fields with the measurements of the autoscaler. */
const measured = /"(?:memory|startTime|serviceTime|signal)":"(?:[^"\\]|\\.)*",?/g;

function plain(state: readonly string[]): readonly string[] {
  return withoutPast(withoutHistory(state)).map((line) => line.replaceAll(measured, ""));
}

function deployment(world: World): ModelDeployment {
  const found = world.server.store
    .collection("modeldeployments.modelwright.dev")
    .record(key.namespace, key.name)?.object;
  return found as unknown as ModelDeployment; // what the collection holds
}

function readyOf(world: World) {
  return deployment(world).status?.conditions?.find(({ type }) => type === "Ready");
}

/** Violations of the status: it must be of the latest generation, and say why when the ModelDeployment is not ready. */
function unexplained(world: World, state: string): readonly string[] {
  const { metadata, status } = deployment(world);
  const ready = readyOf(world);
  if (ready === undefined) return [`${state}: there is no Ready`];
  const isSeen = status?.observedGeneration === metadata.generation && ready.observedGeneration === metadata.generation;
  if (!isSeen) return [`${state}: generation ${metadata.generation} was not observed: ${JSON.stringify(ready)}`];
  const isSaid = ready.status === "True" || (ready.reason !== "" && ready.message.length > 10);
  return isSaid ? [] : [`${state}: not ready, and does not say why: ${JSON.stringify(ready)}`];
}

/** Violations of the status of a model that cannot load: `Ready` must be false and name the cause, unless no pod is wanted or another cause comes first. */
function unnoticed(world: World, before: string | undefined): readonly string[] {
  const { spec, status } = deployment(world);
  const isWanted = spec.suspend !== true && (spec.replicas ?? 1) > 0;
  const ready = readyOf(world);
  if (!isWanted || status?.replicas === 0) return [];
  const isNamed = ready?.message.includes("not what was promised") === true || ready?.reason === before;
  if (ready?.status === "False" && isNamed) return [];
  return [`broken: Ready does not name the cause: ${JSON.stringify(ready)}`];
}
