import { createClient } from "../../../operator/kube/client.ts";
import type { KubeObject } from "../../../operator/kube/kinds.ts";
import type { Resource } from "../../../operator/kube/resources.ts";
import type { KubeRequest, Transport } from "../../../operator/kube/transport.ts";
import { eventually } from "../../builders/eventually.ts";

/** The user that the operator impersonates. */
export const limitedUser = "status-end-to-end-operator";

const rbac = { group: "rbac.authorization.k8s.io", version: "v1", namespaced: false } as const;
const roles: Resource = { ...rbac, kind: "ClusterRole", plural: "clusterroles" };
const bindings: Resource = { ...rbac, kind: "ClusterRoleBinding", plural: "clusterrolebindings" };
const reviews: Resource = {
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  namespaced: false,
};
const apiVersion = `${rbac.group}/${rbac.version}`;

interface Place {
  readonly namespace: string;
  /** As an administrator. */
  readonly transport: Transport;
}

/** Grants the limited user these verbs on ReplicaSets and everything else that an operator needs; resolves when the grant is effective. */
export async function grantReplicaSets(verbs: readonly string[], { namespace, transport }: Place): Promise<void> {
  const client = createClient({ transport, fieldManager: "test" });
  const whole = ["", "modelwright.dev", "discovery.k8s.io", "policy"];
  const rules = [
    { apiGroups: whole, resources: ["*"], verbs: ["*"] },
    { apiGroups: ["apps"], resources: ["replicasets"], verbs },
  ];
  const metadata = { name: limitedUser };
  const role = { apiVersion, kind: "ClusterRole", metadata, rules };
  await client.apply(roles, role, { force: true });
  const roleRef = { apiGroup: rbac.group, kind: "ClusterRole", name: limitedUser };
  const subjects = [{ apiGroup: rbac.group, kind: "User", name: limitedUser }];
  const binding = { apiVersion, kind: "ClusterRoleBinding", metadata, roleRef, subjects };
  await client.apply(bindings, binding, { force: true });
  await untilAuthorized(verbs.includes("create"), { namespace, transport });
}

/** Waits until the authorizer has seen the grant in its watches. */
async function untilAuthorized(isAllowed: boolean, { namespace, transport }: Place): Promise<void> {
  const client = createClient({ transport: actingAs(limitedUser, transport), fieldManager: "test" });
  const resourceAttributes = { namespace, verb: "create", group: "apps", resource: "replicasets" };
  const review = {
    apiVersion: `${reviews.group}/${reviews.version}`,
    kind: reviews.kind,
    metadata: {},
    spec: { resourceAttributes },
  };
  await eventually(
    () => client.create<KubeObject & { readonly status?: { readonly allowed: boolean } }>(reviews, review),
    ({ status }) => status?.allowed === isAllowed,
  );
}

/** A transport that impersonates a user. */
export function actingAs(user: string, transport: Transport): Transport {
  const as = (request: KubeRequest): KubeRequest => ({
    ...request,
    headers: { ...request.headers, "impersonate-user": user },
  });
  return {
    send: (request) => transport.send(as(request)),
    open: (request) => transport.open(as(request)),
    close: () => transport.close(),
  };
}
