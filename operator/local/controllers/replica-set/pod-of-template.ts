import type { Pod, ReplicaSet, Stored } from "../../../kube/kinds.ts";

/** Letters of Kubernetes' random name suffixes: no vowels, so no words; none that look alike. */
const letters = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
/** Kubernetes' generated names are labels: the part before the suffix is cut. */
const baseLength = 63 - suffixLength;

/** A new pod of a ReplicaSet. `random` gives numbers from 0 to below 1. */
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
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: metadata.name,
          uid: metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: template.spec,
  };
}
