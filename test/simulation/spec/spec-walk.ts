import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { Fault } from "../../../runtime/base/fault.ts";
import { difference, endState, withoutHistory, withoutPast } from "../oracle/end-state.ts";
import { createChance, type Chance, seededRandom } from "../schedule/random.ts";
import type { Stage } from "../world/stage.ts";
import { createWorld, type World } from "../world/world.ts";
import { type SpecField, specWith } from "./spec-fields.ts";

type Spec = Record<string, unknown>;

/** What came of one way through the states of a field: good → changed → changed and broken → good. */
export interface SpecWalk {
  /** The spec that the API server took; undefined: it took none of those that were tried. */
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
/** A state is at rest when nobody wrote for this long: foreign objects are looked at every 30 s. */
const quietMs = 35_000;
/** Nothing that a spec can say takes longer to come to rest. */
const restWithinMs = 30 * 60_000;

/**
 * Declares a spec with the field, breaks its model, and declares the good spec again: each state has to be reached or say why not, to
 * be the one that a new object of that spec comes to, and to leave nothing behind. Source of the idea: Acto (SOSP 2023).
 */
export async function walked(stage: Stage, field: SpecField, seed: number): Promise<SpecWalk> {
  const chance = createChance(seededRandom(seed));
  const found = await during(stage, seed, (world) => throughStates(world, field, chance));
  if (found.changed === undefined || found.reason !== "AsDeclared") return found;
  const anew = await during(stage, seed, async (world) => {
    await declared(world, found.changed ?? {});
    return settled(world);
  });
  const differences = difference(plain(anew), plain(found.state));
  if (differences.length === 0) return found;
  return { ...found, violations: [...found.violations, "changed is not what a new one comes to", ...differences] };
}

async function during<T>(stage: Stage, seed: number, act: (world: World) => Promise<T>): Promise<T> {
  const world = await createWorld(stage, seed, { isJudging: true });
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
  chance: Chance,
): Promise<SpecWalk & { readonly state: readonly string[] }> {
  await declared(world, good);
  const begun = await settled(world);
  const changed = await accepted(world, field, chance);
  if (changed === undefined)
    return { changed, transitions: 0, reason: "", violations: ["no such spec is taken"], state: [] };
  const state = await settled(world);
  const ready = readyOf(world);
  const violations = [...unsaid(world, "changed")];
  await declared(world, { ...changed, model: { ...(changed["model"] as Spec), source: broken } }); // every spec has a model
  await settled(world);
  violations.push(...unsaid(world, "broken"), ...overlooked(world, ready?.reason));
  await declared(world, good);
  const differences = difference(plain(begun), plain(await settled(world)));
  if (differences.length > 0) violations.push("the good spec does not come to what it came to before", ...differences);
  return { changed, transitions: 3, reason: ready?.reason ?? "", violations, state };
}

/** The first of the field's specs that the API server takes: the barest first, then with more and more beside it. */
async function accepted(world: World, field: SpecField, chance: Chance): Promise<Spec | undefined> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const spec = merged(field, specWith(field, chance, attempt > 5));
    const refusal = await declared(world, spec).catch((thrown: unknown) => Fault.from(thrown));
    if (!(refusal instanceof Fault)) return spec;
  }
  return undefined;
}

/** In place of the good model's source where it has one; rollouts are seen with a new revision only. */
function merged({ steps: [first] }: SpecField, sampled: Spec): Spec {
  const model = sampled["model"] as Spec; // the schema requires it
  const hasSource = Object.keys(model["source"] as Spec).length > 0; // likewise
  const revision = first === "rollout" ? "good-2.h5" : "good-1.h5";
  const source = hasSource ? model["source"] : { configMap: { name: "models", key: revision } };
  const replicas = sampled["autoscaling"] === undefined ? { replicas: 2 } : {};
  return { ...replicas, ...sampled, model: { ...model, source } };
}

/** As `kubectl apply --server-side`: what the new spec does not name is gone. */
async function declared(world: World, spec: Spec): Promise<void> {
  await world.client.apply(resources.modelDeployments, {
    apiVersion: "modelwright.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: key,
    spec,
  } as never); // a spec of its kind
}

async function settled(world: World): Promise<readonly string[]> {
  const untilMs = world.clock.monotonic() + restWithinMs;
  for (let changes = -1; changes !== world.changes && world.clock.monotonic() < untilMs;) {
    changes = world.changes;
    await world.advance(quietMs);
  }
  return [...endState(world.server), ...routes(world)];
}

/** What each gateway works by, without what counts on and what addresses pods have. */
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

/** What a policy of scaling has seen so far. */
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

/** A state that is not reached has to say why; one that is reached has to be the one that was declared last. */
function unsaid(world: World, state: string): readonly string[] {
  const { metadata, status } = deployment(world);
  const ready = readyOf(world);
  if (ready === undefined) return [`${state}: there is no Ready`];
  const isSeen = status?.observedGeneration === metadata.generation && ready.observedGeneration === metadata.generation;
  if (!isSeen) return [`${state}: generation ${metadata.generation} was not looked at: ${JSON.stringify(ready)}`];
  const isSaid = ready.status === "True" || (ready.reason !== "" && ready.message.length > 10);
  return isSaid ? [] : [`${state}: not ready, and does not say why: ${JSON.stringify(ready)}`];
}

/** Of a model that does not load `Ready` is false and names the cause, unless nobody wants a pod of it or another cause stands before it. */
function overlooked(world: World, before: string | undefined): readonly string[] {
  const { spec, status } = deployment(world);
  const isWanted = spec.suspend !== true && (spec.replicas ?? 1) > 0;
  const ready = readyOf(world);
  if (!isWanted || status?.replicas === 0) return [];
  const isNamed = ready?.message.includes("not what was promised") === true || ready?.reason === before;
  if (ready?.status === "False" && isNamed) return [];
  return [`broken: Ready does not name the cause: ${JSON.stringify(ready)}`];
}
