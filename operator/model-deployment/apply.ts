import type { ModelDeploymentStatus } from "../../crds/v1alpha1/model-deployment.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { Client } from "../kube/client.ts";
import { isOutcomeUnknown } from "../kube/faults.ts";
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

/** The result of a plan's actions. */
export interface Applied {
  readonly done: readonly Action[];
  /** Includes states that are discovered only now: of writes whose responses were lost, and of ReplicaSets that another writer has changed. */
  readonly writes: readonly Write[];
  /** Why the action after the last of `done` failed; the rest was not attempted. */
  readonly failure?: Fault | undefined;
}

/**
 * How much the observed ModelDeployment is trusted. `verified`: a successful status write has just proven it current. `suspect`:
 * the last write lost a conflict, and the winner's writes may not have been observed yet.
 */
export type Trust = "default" | "verified" | "suspect";

/** The result of a plan. */
export interface CarriedOut extends Applied {
  /** The current status; undefined when its write was refused or skipped because another writer was first. */
  readonly status?: ModelDeploymentStatus | undefined;
}

/**
 * Carries out the actions, then writes status, then carries out the actions that need a version in status. The status write is
 * refused when the ModelDeployment has changed since it was observed, so no version is used that another leader has assigned;
 * actions after it need no further check.
 */
export async function carryOut(
  plan: Plan,
  snapshot: Snapshot,
  client: Client,
  trust: Trust = "default",
): Promise<CarriedOut> {
  const { identity } = snapshot;
  const first = await apply(plan.actions, identity, client, trust);
  // A lost conflict is not reported: the state that won is about to be observed.
  if (first.failure?.level === "info") return first;
  const next = status({ snapshot, plan, failure: first.failure });
  if (isSameStatus(snapshot.status, next)) return { ...first, status: next };
  const { write, refusal } = await writeStatus(next, identity, client);
  if (write === undefined) return { ...first, failure: refusal };
  const writes = [...first.writes, write];
  if (first.failure !== undefined) return { ...first, writes, status: next };
  const last = await apply(plan.afterStatus, identity, client, "verified");
  return { ...last, done: [...first.done, ...last.done], writes: [...writes, ...last.writes], status: next };
}

/**
 * Carries out the actions in order and stops at the first failure. Unless the ModelDeployment is `verified`, it is read from the
 * API server before the first risky action.
 */
export async function apply(
  actions: readonly Action[],
  identity: Identity,
  client: Client,
  trust: Trust = "default",
): Promise<Applied> {
  const done: Action[] = [];
  const writes: Write[] = [];
  let isVerified = trust === "verified";
  try {
    for (const action of actions) {
      if (!isVerified && (trust === "suspect" || isRisky(action, identity))) {
        await verifyUnchanged(action, identity, client);
        isVerified = true;
      }
      const write = await execute(action, { identity, client, onExisting: (one) => void writes.push(one) }).catch(
        (thrown: unknown) => Promise.reject(withGatewayApiHint(action, Fault.from(thrown))),
      );
      if (write !== undefined) writes.push(write);
      done.push(action);
    }
  } catch (thrown) {
    return { done, writes, failure: Fault.from(thrown) };
  }
  return { done, writes };
}

/** Replaces the API server's fault about an HTTPRoute whose kind is not served or not permitted by one with a hint. */
function withGatewayApiHint(action: Action, fault: Fault): Fault {
  if (!("resource" in action) || action.resource !== resources.httpRoutes) return fault;
  const { target } = action;
  // A missing namespace gives NotFound, too, and names the namespace.
  if (fault.code === "NotFound" && !fault.message.includes("namespaces ")) {
    return deploymentFaults.GatewayApiMissing({ target }, fault);
  }
  return fault.code === "Forbidden" ? deploymentFaults.GatewayApiForbidden({ target }, fault) : fault;
}

/** True for actions that must not be based on stale observations. */
function isRisky(action: Action, identity: Identity): boolean {
  return isDestructive(action) || isRepeated(action, identity) || isReversible(action);
}

/** Removing pods or objects cannot be undone. */
function isDestructive(action: Action): boolean {
  return action.kind === "delete" || (action.kind === "scale" && action.to < action.from);
}

/**
 * The children of this generation were created before and are now missing or different. Often the ModelDeployment itself has
 * been deleted or changed and only the effects have been observed yet: the action would work against garbage collection or
 * another leader.
 */
function isRepeated({ kind }: Action, { generation, observedGeneration }: Identity): boolean {
  return (kind === "create" || kind === "scale") && generation === observedGeneration;
}

/** Actions that a leader with newer observations would undo at once, and that this one would repeat, without end. */
function isReversible({ kind }: Action): boolean {
  return kind === "retire" || kind === "revive";
}

/** Throws `StaleView` unless the ModelDeployment on the API server is exactly the observed one. */
async function verifyUnchanged({ target }: Action, identity: Identity, client: Client): Promise<void> {
  const live = await client.get(resources.modelDeployments, identity);
  const { uid, resourceVersion } = live?.metadata ?? {};
  if (uid !== identity.uid || resourceVersion !== identity.resourceVersion)
    throw deploymentFaults.StaleView({ target });
}

/** Only the metadata of a response is needed: the watch delivers the object. */
const identityOnly = { identityOnly: true } as const;

interface ApplyContext {
  readonly identity: Identity;
  readonly client: Client;
  /** Called with a state that was not known yet: of a write of ours without response, or of another writer that was first. */
  readonly onExisting: (write: Write) => void;
}

type Kind = Action["kind"];
type Executor<K extends Kind> = (
  action: Extract<Action, { kind: K }>,
  context: ApplyContext,
) => Promise<Write | undefined>;

/** One API call for each kind of action, or none where the status write carries it out. */
const executors: { readonly [K in Kind]: Executor<K> } = {
  create: async ({ resource, object }, context) =>
    writeOf(resource, await createObject(resource, object, context), context.identity),
  apply: async (action, context) => writeOf(action.resource, await applyObject(action, context), context.identity),
  scale: ({ object, to }, context) => patchReplicaSet(object, { spec: { replicas: to } }, context),
  retire: ({ object, at }, context) => patchReplicaSet(object, retiredAtPatch(at), context),
  revive: ({ object }, context) => patchReplicaSet(object, retiredAtPatch(null), context),
  delete: async ({ resource, target, object: { name, uid, resourceVersion } }, { identity: { namespace }, client }) => {
    const wasThere = await client.remove(resource, { namespace, name }, { preconditions: { uid, resourceVersion } });
    // The object is gone, or its kind is not served at the moment: only a new observation can tell.
    if (!wasThere) throw deploymentFaults.StaleView({ target });
    return undefined;
  },
  shift: async () => undefined,
  step: async () => undefined,
  promote: async () => undefined,
  rollBack: async () => undefined,
  answer: async () => undefined,
};

function execute<K extends Kind>(
  action: Extract<Action, { kind: K }>,
  context: ApplyContext,
): Promise<Write | undefined> {
  const executor: Executor<K> = executors[action.kind];
  return executor(action, context);
}

function retiredAtPatch(at: string | null): object {
  return { metadata: { annotations: { [annotations.retiredAt]: at } } };
}

/**
 * Patches a ReplicaSet if it still has the observed version. If it may have been changed without us knowing, by this very patch
 * whose response was lost, the next plan waits until it sees the current version: otherwise the pods that the patch added would be
 * added again to another revision.
 */
async function patchReplicaSet(
  { name, resourceVersion }: ObservedObject,
  patch: { readonly metadata?: object; readonly spec?: object },
  { identity, client, onExisting }: ApplyContext,
): Promise<Write> {
  const resource = resources.replicaSets;
  const key = { namespace: identity.namespace, name };
  const exactly = { ...patch, metadata: { ...patch.metadata, resourceVersion } };
  try {
    return writeOf(resource, await client.mergePatch(resource, key, exactly, identityOnly), identity);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    // Without an API server that answers, the patch's own fault is what there is to report.
    const mayBeChanged = fault.code === "Conflict" || isOutcomeUnknown(fault);
    const live = mayBeChanged ? await client.get(resource, key).catch(() => undefined) : undefined;
    if (live !== undefined) onExisting(writeOf(resource, live, identity));
    throw fault;
  }
}

/** Creates an object and never adopts one: an existing object of this name is ours only if we control it. */
async function createObject(
  resource: Resource,
  object: KubeObject,
  { identity, client, onExisting }: ApplyContext,
): Promise<Stored> {
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
      if (live !== undefined) onExisting(writeOf(resource, live, identity));
      throw deploymentFaults.StaleView({ target: `${kind} ${name}` });
    }
    throw deploymentFaults.ForeignObject({ kind, name });
  }
}

/** The result of a status write: one of the two. */
export interface StatusWrite {
  readonly write?: Write;
  readonly refusal?: Fault;
}

/**
 * The one status write of a reconcile. It is refused when the ModelDeployment has changed since it was observed, so that two
 * leaders cannot undo each other's steps.
 */
export async function writeStatus(
  status: ModelDeploymentStatus,
  identity: Identity,
  client: Client,
): Promise<StatusWrite> {
  const { namespace, name, uid, resourceVersion } = identity;
  const resource = resources.modelDeployments;
  const object = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: { namespace, name, uid, resourceVersion },
    status,
  };
  try {
    const stored = await client.applyStatus(resource, object, { force: true, ...identityOnly });
    return { write: writeOf(resource, stored, identity) };
  } catch (thrown) {
    return { refusal: Fault.from(thrown) };
  }
}

/**
 * Applies our fields of an object and leaves those of other managers alone. If the result would be invalid, for example with a
 * second port of the same name, a merge patch replaces the conflicting fields.
 */
async function applyObject(
  action: Extract<Action, { kind: "apply" }>,
  { identity, client }: ApplyContext,
): Promise<Stored> {
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

function writeOf(resource: Resource, { metadata: { name, resourceVersion } }: Stored, { namespace }: Identity): Write {
  return { resource, namespace, name, resourceVersion };
}
