import type { ObjectMeta, Pod, PodSpec, Stored } from "../../../../operator/kube/kinds.ts";

/** A pod that is ready since a given time, or not ready. */
export interface PodFacts {
  readonly name: string;
  readonly nodeName?: string;
  readonly phase?: string;
  /** RFC 3339. */
  readonly readySince?: string;
  readonly restarts?: number;
  readonly createdAt?: string;
  readonly address?: string;
  readonly spec?: Partial<PodSpec>;
  readonly metadata?: Partial<ObjectMeta>;
}

export function podOf(facts: PodFacts): Pod & Stored {
  const { name, nodeName = "local", phase = "Running", readySince, restarts = 0, createdAt } = facts;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: name,
      resourceVersion: "1",
      creationTimestamp: createdAt ?? "2026-01-01T00:00:00Z",
      ...facts.metadata,
    },
    spec: { containers: [{ name: "serve" }], ...(nodeName === "" ? {} : { nodeName }), ...facts.spec },
    status: {
      phase,
      ...(facts.address === undefined ? {} : { podIP: facts.address }),
      conditions: readySince === undefined ? [] : [{ type: "Ready", status: "True", lastTransitionTime: readySince }],
      containerStatuses: [{ name: "serve", ready: true, restartCount: restarts, image: "", imageID: "" }],
    },
  };
}
