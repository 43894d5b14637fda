import type { OwnerReference, Pod, ReplicaSet, Stored } from "../../../kube/kinds.ts";

/** Alphabet of Kubernetes' random name suffixes: no vowels, so no words, and no characters that look alike. */
const letters = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
/** Generated names are at most 63 characters long, so the part before the suffix is truncated. */
const baseLength = 63 - suffixLength;

/** A new pod of a ReplicaSet. `random` is uniform in [0, 1). */
export function podOfTemplate({ metadata, spec }: ReplicaSet & Stored, random: () => number): Pod {
  const { template } = spec;
  const suffix = Array.from({ length: suffixLength }, () => letters[Math.floor(random() * letters.length)]).join("");
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${`${metadata.name}-`.slice(0, baseLength)}${suffix}`,
      generateName: `${metadata.name}-`,
      namespace: metadata.namespace ?? "default",
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference({ metadata })],
    },
    spec: template.spec,
  };
}

/** The reference by which a ReplicaSet controls a pod. */
export function controllerReference({
  metadata: { name, uid },
}: Pick<ReplicaSet & Stored, "metadata">): OwnerReference {
  return { apiVersion: "apps/v1", kind: "ReplicaSet", name, uid, controller: true, blockOwnerDeletion: true };
}
