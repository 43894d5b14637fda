import type { ObservedCondition, Pod, ReplicaSet, Stored } from "../../../kube/kinds.ts";
import { deletionOrder } from "./deletion-order.ts";
import { isActive, readySinceMs } from "./pod-readiness.ts";

type StoredPod = Pod & Stored;

/** What to do for a ReplicaSet now. */
export interface ReplicaSetPlan {
  /** How many pods are missing. */
  readonly create: number;
  /** Pods too many, the least useful first. */
  readonly remove: readonly StoredPod[];
  readonly status: NonNullable<ReplicaSet["status"]>;
  /** When a ready pod becomes available by waiting alone. */
  readonly recheckAfterMs?: number;
}

/** What a ReplicaSet's plan is made from. */
export interface ReplicaSetFacts {
  readonly replicaSet: ReplicaSet & Stored;
  /** The pods that it controls, without those whose removal is under way though not yet seen. */
  readonly pods: readonly StoredPod[];
  readonly nowMs: number;
  /** Why the last creation of a pod failed. */
  readonly createFailure?: string | undefined;
}

/** Pods created in one pass; Kubernetes' `BurstReplicas`. */
const burst = 500;

/** What a ReplicaSet needs, and the status it has. A set on its way out gets no new pods and loses none by us. */
export function replicaSetPlan({ replicaSet, pods, nowMs, createFailure }: ReplicaSetFacts): ReplicaSetPlan {
  const { spec, metadata } = replicaSet;
  const active = pods.filter(isActive);
  const difference = metadata.deletionTimestamp === undefined ? active.length - (spec.replicas ?? 1) : 0;
  const readySince = active.map(readySinceMs).filter((since) => since !== undefined);
  const waitsMs = readySince.map((since) => since + (spec.minReadySeconds ?? 0) * 1000 - nowMs);
  const soonestMs = Math.min(...waitsMs.filter((waitMs) => waitMs > 0));
  const conditions = failureConditions(replicaSet, createFailure, nowMs);
  return {
    create: Math.min(burst, Math.max(0, -difference)),
    remove: difference > 0 ? deletionOrder(active).slice(0, difference) : [],
    status: {
      replicas: active.length,
      readyReplicas: readySince.length,
      availableReplicas: waitsMs.filter((waitMs) => waitMs <= 0).length,
      observedGeneration: metadata.generation ?? 0,
      ...(conditions.length === 0 ? {} : { conditions }),
    },
    ...(Number.isFinite(soonestMs) ? { recheckAfterMs: soonestMs } : {}),
  };
}

function failureConditions(
  { status }: ReplicaSet,
  message: string | undefined,
  nowMs: number,
): readonly ObservedCondition[] {
  if (message === undefined) return [];
  const before = status?.conditions?.find(({ type }) => type === "ReplicaFailure");
  const now = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  return [
    {
      type: "ReplicaFailure",
      status: "True",
      reason: "FailedCreate",
      message,
      lastTransitionTime: before?.lastTransitionTime ?? now,
    },
  ];
}
