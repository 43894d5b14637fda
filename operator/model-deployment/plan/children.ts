import type { KubeObject } from "../../kube/kinds.ts";
import { type Resource, resources } from "../../kube/resources.ts";
import { endpointSlices } from "../resources/endpoint-slice.ts";
import { annotations } from "../resources/labels.ts";
import { podDisruptionBudget } from "../resources/pod-disruption-budget.ts";
import { serviceAccount } from "../resources/service-account.ts";
import { service } from "../resources/service.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Action } from "./action.ts";
import { hash } from "./hash.ts";

/** The account has to be there before the pods that run under it. */
export function accountActions(snapshot: Snapshot): readonly Action[] {
  return kept(snapshot, resources.serviceAccounts, serviceAccount(snapshot.identity), snapshot.serviceAccount);
}

/** The Service, its endpoints and the disruption budget. */
export function serviceActions(snapshot: Snapshot, port: number | undefined): readonly Action[] {
  return [...(port === undefined ? [] : reachable(snapshot, port)), ...disruptionBudget(snapshot)];
}

function reachable(snapshot: Snapshot, port: number): readonly Action[] {
  const { identity, gateways, endpointSlices: observed } = snapshot;
  const wanted = endpointSlices(identity, port, gateways);
  const names = wanted.map(({ metadata }) => metadata.name);
  const surplus = observed.filter(({ metadata }) => !names.includes(metadata.name));
  return [
    ...kept(snapshot, resources.services, service(identity, port), snapshot.service),
    ...wanted.flatMap((slice) =>
      kept(
        snapshot,
        resources.endpointSlices,
        slice,
        observed.find(({ metadata }) => metadata.name === slice.metadata.name),
      ),
    ),
    ...surplus.map(({ metadata }): Action => ({
      kind: "delete",
      resource: resources.endpointSlices,
      target: `EndpointSlice ${metadata.name}`,
      object: metadata,
      why: "no gateway has an address of its family any more",
    })),
  ];
}

function disruptionBudget(snapshot: Snapshot): readonly Action[] {
  const { identity, spec, podDisruptionBudget: observed } = snapshot;
  const resource = resources.podDisruptionBudgets;
  if ((spec.replicas ?? 1) > 1) return kept(snapshot, resource, podDisruptionBudget(identity), observed);
  if (observed === undefined) return [];
  const { metadata } = observed;
  const why = "a budget for a single replica would block the draining of its node";
  return [{ kind: "delete", resource, target: `PodDisruptionBudget ${metadata.name}`, object: metadata, why }];
}

/** Applies an object that is absent or is not what we want; leaves a foreign one alone. */
function kept(
  snapshot: Snapshot,
  resource: Resource,
  wanted: KubeObject,
  observed: KubeObject | undefined,
): readonly Action[] {
  const { kind, metadata } = wanted;
  if (snapshot.foreign.some((object) => object.kind === kind && object.name === metadata.name)) return [];
  const applied = hash(wanted);
  const why = difference(wanted, observed, applied);
  if (why === undefined) return [];
  const object = { ...wanted, metadata: { ...metadata, annotations: { [annotations.applied]: applied } } };
  const uid = observed?.metadata.uid;
  const target = `${kind} ${metadata.name ?? ""}`;
  // Created, not applied: an apply would take over somebody else's object of the same name.
  return [
    uid === undefined
      ? { kind: "create", resource, target, object, why }
      : { kind: "apply", resource, target, object, uid, why },
  ];
}

function difference(wanted: KubeObject, observed: KubeObject | undefined, applied: string): string | undefined {
  if (observed === undefined) return "it does not exist yet";
  const path = firstDifference(wanted, observed, "");
  if (path !== undefined) return `${path} is not as declared`;
  if (observed.metadata.annotations?.[annotations.applied] !== applied) return "it was applied by another release";
  return undefined;
}

/** Path of the first wanted member that the observed object does not have; members that the server added are no matter. */
function firstDifference(wanted: unknown, observed: unknown, path: string): string | undefined {
  if (!isComposite(wanted)) return wanted === observed ? undefined : path;
  // The server stores an empty list as null where its Go type has no omitempty (EndpointSlice.endpoints).
  if (Object.keys(wanted).length === 0 && (observed === null || observed === undefined)) return undefined;
  if (!isComposite(observed) || isOtherLength(wanted, observed)) return path;
  const members = new Map<string, unknown>(Object.entries(observed));
  for (const [key, value] of Object.entries(wanted)) {
    const inner = Array.isArray(wanted) ? `${path}[${key}]` : [path, key].filter((part) => part !== "").join(".");
    const difference = value === undefined ? undefined : firstDifference(value, members.get(key), inner);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isComposite(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isOtherLength(wanted: object, observed: object): boolean {
  return Array.isArray(wanted) && (!Array.isArray(observed) || wanted.length !== observed.length);
}
