import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Client } from "../../../operator/kube/client.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { annotations } from "../../../operator/model-deployment/resources/labels.ts";
import { modelDeployment } from "../../builders/model-deployment.ts";
import { badModel } from "./cluster/simulated-pods.ts";

/** One change by a user, from one idle state to the next. */
export interface Story {
  readonly name: string;
  /** Undefined: no change, the operator is restarted. */
  readonly change?: (client: Client, namespace: string) => Promise<unknown>;
  /** Expected condition and number of ReplicaSets in the idle state, so that the baseline itself is checked. */
  readonly rest: string;
}

const name = "digits";

/** All stories, in the order in which they run in one namespace. */
export const stories: readonly Story[] = [
  { name: "create", change: create, rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "restart", rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "repair of edited objects", change: edit, rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "scale up", change: replicas(3), rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "scale down", change: replicas(1), rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "update", change: model("good-2.h5"), rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "rollback", change: model("good-1.h5"), rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "bad update", change: model(`${badModel}-3.h5`), rest: "Ready=False DigestMismatch, 2 ReplicaSets" },
  { name: "restart during a bad update", rest: "Ready=False DigestMismatch, 2 ReplicaSets" },
  { name: "rollback of a bad update", change: model("good-1.h5"), rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "suspend", change: suspend(true), rest: "Ready=True Suspended, 1 ReplicaSet" },
  { name: "resume", change: suspend(false), rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "canary", change: canary("good-4.h5"), rest: "Ready=False RolloutInProgress, 2 ReplicaSets" },
  { name: "restart during a canary", rest: "Ready=False RolloutInProgress, 2 ReplicaSets" },
  { name: "promote", change: annotate(annotations.promote), rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "canary to abort", change: canary("good-5.h5"), rest: "Ready=False RolloutInProgress, 2 ReplicaSets" },
  { name: "abort", change: annotate(annotations.abort), rest: "Ready=False RolledBack, 1 ReplicaSet" },
  { name: "back to stable after an abort", change: model("good-4.h5"), rest: "Ready=True AsDeclared, 1 ReplicaSet" },
  { name: "canary to take back", change: canary("good-6.h5"), rest: "Ready=False RolloutInProgress, 2 ReplicaSets" },
  {
    name: "back to stable during a canary",
    change: model("good-4.h5"),
    rest: "Ready=True AsDeclared, 1 ReplicaSet",
  },
  { name: "delete", change: remove, rest: "nothing, 0 ReplicaSets" },
];

/** The state that `rest` is compared with: the condition of the present generation, ReplicaSets, and edits that are still there. */
export function stateSummary(deployment: ModelDeployment | undefined, objects: Objects): string {
  const { metadata, status } = deployment ?? {};
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const isCurrent = ready?.observedGeneration === metadata?.generation;
  const condition = ready === undefined ? "nothing" : `Ready=${ready.status} ${ready.reason}`;
  const replicaSets = objects.filter(([plural]) => plural === "replicasets").length;
  const edited = objects.filter(([plural, object]) => edits[plural]?.test(JSON.stringify(object)));
  return [
    isCurrent ? condition : `${condition} of an earlier generation`,
    `${replicaSets} ReplicaSet${replicaSets === 1 ? "" : "s"}`,
    ...edited.map(([plural]) => `${plural} edited`),
  ].join(", ");
}

type Objects = readonly (readonly [plural: string, object: object])[];

/** Patterns that an object matches while the change by `edit` is in it. */
const edits: Readonly<Record<string, RegExp>> = {
  services: /"port":80\b/,
  endpointslices: /"endpoints":(null|\[\])/,
  poddisruptionbudgets: /"maxUnavailable":2\b/,
  serviceaccounts: /"automountServiceAccountToken":true/,
};

function create(client: Client, namespace: string): Promise<unknown> {
  const { apiVersion, kind, spec } = modelDeployment(modelSpec("good-1.h5"));
  return client.create(resources.modelDeployments, { apiVersion, kind, metadata: { name, namespace }, spec });
}

/** Another client edits the operator's objects. */
async function edit(client: Client, namespace: string): Promise<unknown> {
  const key = { namespace, name };
  const ports = [{ name: "http", port: 80 }];
  const edits = [
    client.mergePatch(resources.services, key, { spec: { ports } }),
    client.mergePatch(resources.endpointSlices, { namespace, name: `${name}-gateway` }, { endpoints: [] }),
    client.mergePatch(resources.podDisruptionBudgets, key, { spec: { maxUnavailable: 2 } }),
    client.mergePatch(
      resources.serviceAccounts,
      { namespace, name: `${name}-runtime` },
      { automountServiceAccountToken: true },
    ),
  ];
  return Promise.all(edits);
}

function remove(client: Client, namespace: string): Promise<unknown> {
  return client.remove(resources.modelDeployments, { namespace, name });
}

function replicas(count: number): Required<Story>["change"] {
  return patch({ replicas: count });
}

function suspend(isSuspended: boolean): Required<Story>["change"] {
  return patch({ suspend: isSuspended });
}

function model(key: string): Required<Story>["change"] {
  return patch(modelSpec(key));
}

/** A canary that pauses at half of the requests. */
function canary(key: string): Required<Story>["change"] {
  return patch({ ...modelSpec(key), rollout: { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } } });
}

function annotate(annotation: string): Required<Story>["change"] {
  return (client, namespace) =>
    client.mergePatch(
      resources.modelDeployments,
      { namespace, name },
      { metadata: { annotations: { [annotation]: "1" } } },
    );
}

function patch(spec: object): Required<Story>["change"] {
  return (client, namespace) => client.mergePatch(resources.modelDeployments, { namespace, name }, { spec });
}

function modelSpec(key: string): {
  readonly model: { readonly source: { readonly configMap: { name: string; key: string } } };
} {
  return { model: { source: { configMap: { name: "models", key } } } };
}
