import type { ModelDeploymentStatus } from "../../crds/v1alpha1/model-deployment.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Client } from "../kube/client.ts";
import type { KubeObject, Stored } from "../kube/kinds.ts";
import { apiVersionOf, type Resource, resources } from "../kube/resources.ts";
import { deploymentFaults } from "./faults.ts";
import type { Action, ObservedObject, Plan } from "./plan/action.ts";
import { annotations } from "./resources/labels.ts";
import { isControlledBy } from "./resources/owner.ts";
import type { Identity, Snapshot } from "./snapshot.ts";
import { isSameStatus, status } from "./status.ts";

/** A write that the cache has not seen yet. */
export interface Write {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
}

/** What became of a plan's actions. */
export interface Applied {
  readonly done: readonly Action[];
  /** Also those of earlier passes that were met only now: their answers were lost on the way. */
  readonly writes: readonly Write[];
  /** Why the action after the last of `done` failed; the rest was not tried. */
  readonly failure?: Fault | undefined;
}

/** `confirmed`: as a status write says that was not refused; `doubted`: as the last race was lost, whose winner may not be seen yet. */
export type Trust = "usual" | "confirmed" | "doubted";

/** What became of a plan. */
export interface CarriedOut extends Applied {
  /** What status says now; undefined when that was refused, or nothing was to be said because another was first. */
  readonly said?: ModelDeploymentStatus | undefined;
}

/**
 * Actions, then status, then what goes by a version that status says now. The status write is refused when the
 * ModelDeployment is no longer the one that was observed, so nothing is made under a version that another leader gave
 * away; and what is made after it need not ask again.
 */
export async function carryOut(
  plan: Plan,
  snapshot: Snapshot,
  client: Client,
  trust: Trust = "usual",
): Promise<CarriedOut> {
  const { identity } = snapshot;
  const first = await apply(plan.actions, identity, client, trust);
  // A lost race is no news: the state that won it is on its way here.
  if (first.failure?.level === "info") return first;
  const said = status({ snapshot, plan, failure: first.failure });
  if (isSameStatus(snapshot.status, said)) return { ...first, said };
  const { write, refusal } = await writeStatus(said, identity, client);
  if (write === undefined) return { ...first, failure: refusal };
  const writes = [...first.writes, write];
  if (first.failure !== undefined) return { ...first, writes, said };
  const last = await apply(plan.afterStatus, identity, client, "confirmed");
  return { ...last, done: [...first.done, ...last.done], writes: [...writes, ...last.writes], said };
}

/**
 * Carries the actions out in order, decides nothing, stops at the first failure. `trust`: whether the ModelDeployment is just
 * as it was observed.
 */
export async function apply(
  actions: readonly Action[],
  identity: Identity,
  client: Client,
  trust: Trust = "usual",
): Promise<Applied> {
  const done: Action[] = [];
  const writes: Write[] = [];
  let isLive = trust === "confirmed";
  try {
    for (const action of actions) {
      if (!isLive && (trust === "doubted" || isRisky(action, identity))) {
        await confirm(action, identity, client);
        isLive = true;
      }
      const write = await perform(action, { identity, client, met: (one) => void writes.push(one) }).catch(
        (thrown: unknown) => Promise.reject(explained(action, Fault.from(thrown))),
      );
      if (write !== undefined) writes.push(write);
      done.push(action);
    }
  } catch (thrown) {
    return { done, writes, failure: Fault.from(thrown) };
  }
  return { done, writes };
}

/** The API server's own words for an HTTPRoute that it does not know, or not from us, name no way out. */
function explained(action: Action, fault: Fault): Fault {
  if (!("resource" in action) || action.resource !== resources.httpRoutes) return fault;
  const { target } = action;
  // A namespace that is gone is not found either, and says so.
  if (fault.code === "NotFound" && !fault.message.includes("namespaces ")) {
    return deploymentFaults.GatewayApiMissing({ target }, fault);
  }
  return fault.code === "Forbidden" ? deploymentFaults.GatewayApiForbidden({ target }, fault) : fault;
}

/** What is not to be done on a view that is old. */
function isRisky(action: Action, identity: Identity): boolean {
  return isDestructive(action) || isRepeated(action, identity) || isReversible(action);
}

/** Taking pods or objects away cannot be taken back. */
function isDestructive(action: Action): boolean {
  return action.kind === "delete" || (action.kind === "scale" && action.to < action.from);
}

/**
 * What this spec asks for was made before and is no longer so. Often that is because the ModelDeployment is gone or is
 * another by now, and only what came of it was seen: then garbage collection, or another leader, would be worked against.
 */
function isRepeated({ kind }: Action, { generation, observedGeneration }: Identity): boolean {
  return (kind === "create" || kind === "scale") && generation === observedGeneration;
}

/** What another leader with a newer view would take back at once, and this one do again, without end. */
function isReversible({ kind }: Action): boolean {
  return kind === "retire" || kind === "revive";
}

/** Nothing is taken away or made again on a stale view: the ModelDeployment must live just as it was observed. */
async function confirm({ target }: Action, identity: Identity, client: Client): Promise<void> {
  const live = await client.get(resources.modelDeployments, identity);
  const { uid, resourceVersion } = live?.metadata ?? {};
  if (uid !== identity.uid || resourceVersion !== identity.resourceVersion)
    throw deploymentFaults.StaleView({ target });
}

/** What became of an object is told by its watch: of the answer to a write its version is all that is needed. */
const identityOnly = { identityOnly: true } as const;

interface Place {
  readonly identity: Identity;
  readonly client: Client;
  /** Told of a write that was not known of. */
  readonly met: (write: Write) => void;
}

type Kind = Action["kind"];
type Carrier<K extends Kind> = (action: Extract<Action, { kind: K }>, place: Place) => Promise<Write | undefined>;

/** One API call for each kind of action, or none where the status write does it. */
const carriers: { readonly [K in Kind]: Carrier<K> } = {
  create: async ({ resource, object }, place) =>
    written(resource, await created(resource, object, place), place.identity),
  apply: async (action, place) => written(action.resource, await applied(action, place), place.identity),
  scale: ({ object, to }, place) => patched(object, { spec: { replicas: to } }, place),
  retire: ({ object, at }, place) => patched(object, retirement(at), place),
  revive: ({ object }, place) => patched(object, retirement(null), place),
  delete: async ({ resource, target, object: { name, uid, resourceVersion } }, { identity: { namespace }, client }) => {
    const wasThere = await client.remove(resource, { namespace, name }, { preconditions: { uid, resourceVersion } });
    // Gone, or of a kind that is not served at the moment: only another look can tell.
    if (!wasThere) throw deploymentFaults.StaleView({ target });
    return undefined;
  },
  shift: async () => undefined,
  step: async () => undefined,
  promote: async () => undefined,
  rollBack: async () => undefined,
  answer: async () => undefined,
};

function perform<K extends Kind>(action: Extract<Action, { kind: K }>, place: Place): Promise<Write | undefined> {
  const carrier: Carrier<K> = carriers[action.kind];
  return carrier(action, place);
}

function retirement(at: string | null): object {
  return { metadata: { annotations: { [annotations.retiredAt]: at } } };
}

/** Changes a ReplicaSet that still is at the version that was observed. */
async function patched(
  { name, resourceVersion }: ObservedObject,
  patch: { readonly metadata?: object; readonly spec?: object },
  { identity, client }: Place,
): Promise<Write> {
  const { namespace } = identity;
  const exactly = { ...patch, metadata: { ...patch.metadata, resourceVersion } };
  const stored = await client.mergePatch(resources.replicaSets, { namespace, name }, exactly, identityOnly);
  return written(resources.replicaSets, stored, identity);
}

/** Creates and never adopts: an object of this name that is there already is ours only by its controller. */
async function created(resource: Resource, object: KubeObject, { identity, client, met }: Place): Promise<Stored> {
  try {
    return await client.create(resource, object, identityOnly);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code !== "AlreadyExists") throw fault;
    const { namespace } = identity;
    const { kind } = resource;
    const { name = "" } = object.metadata;
    const live = await client.get(resource, { namespace, name });
    if (live === undefined || isControlledBy(live.metadata, identity.uid)) {
      if (live !== undefined) met(written(resource, live, identity));
      throw deploymentFaults.StaleView({ target: `${kind} ${name}` });
    }
    throw deploymentFaults.ForeignObject({ kind, name });
  }
}

/** What became of a status write: one of both. */
export interface StatusWritten {
  readonly write?: Write;
  readonly refusal?: Fault;
}

/**
 * The one status write of a reconcile. Refused when the ModelDeployment is no longer the one that was observed: two
 * leaders cannot undo each other's steps.
 */
export async function writeStatus(
  said: ModelDeploymentStatus,
  identity: Identity,
  client: Client,
): Promise<StatusWritten> {
  const { namespace, name, uid, resourceVersion } = identity;
  const resource = resources.modelDeployments;
  const object = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { namespace, name, uid, resourceVersion },
    status: said,
  };
  try {
    const stored = await client.applyStatus(resource, object, { force: true, ...identityOnly });
    return { write: written(resource, stored, identity) };
  } catch (thrown) {
    return { refusal: Fault.from(thrown) };
  }
}

/**
 * Makes our fields of an object ours again and leaves everybody else's. Where theirs are in the way (a second port of the
 * same name), what we want takes their place.
 */
async function applied(action: Extract<Action, { kind: "apply" }>, { identity, client }: Place): Promise<Stored> {
  const { resource, object, observed } = action;
  const { name, uid, resourceVersion } = observed;
  try {
    return await client.apply(
      resource,
      { ...object, metadata: { ...object.metadata, uid } },
      { force: true, ...identityOnly },
    );
  } catch (thrown) {
    const fault = Fault.from(thrown);
    if (fault.code !== "Invalid") throw fault;
    const exactly = { ...object, metadata: { ...object.metadata, resourceVersion } };
    return client.mergePatch(resource, { namespace: identity.namespace, name }, exactly, identityOnly);
  }
}

function written(resource: Resource, { metadata: { name, resourceVersion } }: Stored, { namespace }: Identity): Write {
  return { resource, namespace, name, resourceVersion };
}
