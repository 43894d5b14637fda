import type { KubeObject, Stored } from "../../kube/kinds.ts";
import { type Resource, resources } from "../../kube/resources.ts";
import { endpointSlices } from "../resources/endpoint-slice.ts";
import { annotations } from "../resources/labels.ts";
import { podDisruptionBudget } from "../resources/pod-disruption-budget.ts";
import { serviceAccount } from "../resources/service-account.ts";
import { service } from "../resources/service.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Action } from "./action.ts";
import { textHash } from "./hash.ts";

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
  // Of a number that comes and goes by itself the least counts: a budget must not come and go with it.
  const least = spec.autoscaling === undefined ? (spec.replicas ?? 1) : (spec.autoscaling.min ?? 1);
  if (least > 1) return kept(snapshot, resource, podDisruptionBudget(identity), observed);
  if (observed === undefined) return [];
  const { metadata } = observed;
  const why = "a budget for a single replica would block the draining of its node";
  return [{ kind: "delete", resource, target: `PodDisruptionBudget ${metadata.name}`, object: metadata, why }];
}

/** Creates an object that is absent and applies one that is not what we want; leaves a foreign one alone. */
export function kept<T extends KubeObject>(
  snapshot: Snapshot,
  resource: Resource,
  wanted: T,
  observed: (T & Stored) | undefined,
): readonly Action[] {
  const { kind, metadata } = wanted;
  if (snapshot.foreign.some((object) => object.kind === kind && object.name === metadata.name)) return [];
  // Builders write their keys in one order, so the quick text will do.
  const applied = textHash(JSON.stringify(wanted));
  const why = difference(wanted, observed, applied);
  if (why === undefined) return [];
  const object = { ...wanted, metadata: { ...metadata, annotations: { [annotations.applied]: applied } } };
  const doing = { resource, target: `${kind} ${metadata.name ?? ""}`, object, why };
  // Created, not applied: an apply would take over somebody else's object of the same name.
  return [
    observed === undefined ? { kind: "create", ...doing } : { kind: "apply", observed: observed.metadata, ...doing },
  ];
}

function difference(wanted: KubeObject, observed: KubeObject | undefined, applied: string): string | undefined {
  if (observed === undefined) return "it does not exist yet";
  const path = firstDifference(wanted, observed, "");
  if (path !== undefined) return `${path} is not as declared`;
  if (observed.metadata.annotations?.[annotations.applied] !== applied) return "it was applied by another release";
  return undefined;
}

/** Lists whose entries have owners of their own: what others added to them is theirs. */
const sharedLists = new Set(["metadata.ownerReferences", "spec.ports"]);

/** Path of the first wanted member that the observed object does not have; members that the server added are no matter. */
function firstDifference(wanted: unknown, observed: unknown, path: string): string | undefined {
  if (!isComposite(wanted)) return wanted === observed ? undefined : path;
  // A server that stores protobuf knows no empty lists: they read back as null.
  if (Array.isArray(wanted)) return listDifference(wanted, observed ?? [], path);
  if (!isComposite(observed)) return path;
  const [members, present] = [wanted as Members, observed as Members]; // JSON that is no list
  for (const key in members) {
    const value = members[key];
    if (value === undefined || value === present[key]) continue;
    const difference = firstDifference(value, present[key], path === "" ? key : `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

type Members = { readonly [key: string]: unknown };

function listDifference(wanted: readonly unknown[], observed: unknown, path: string): string | undefined {
  if (!Array.isArray(observed)) return path;
  const has = (entry: unknown, other: unknown): boolean => firstDifference(entry, other, "") === undefined;
  if (sharedLists.has(path)) {
    return wanted.every((entry) => observed.some((other: unknown) => has(entry, other))) ? undefined : path;
  }
  const isSame = wanted.length === observed.length && wanted.every((entry, index) => has(entry, observed[index]));
  return isSame ? undefined : path;
}

function isComposite(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
