import { environment } from "../../../runtime/contract/environment.ts";
import { latencyBucket } from "../../../runtime/contract/figures.ts";
import type { Evidence, RevisionWindow, Preflight } from "../../analysis/evidence.ts";
import type { ReplicaSet } from "../../kube/kinds.ts";
import type { Sources } from "../sources.ts";
import { statusShares } from "../plan/traffic.ts";
import { labels } from "../resources/labels.ts";
import { deploymentKey } from "../resources/names.ts";
import type { SimulatedCluster } from "./cluster.ts";

/** Request statistics and preflight results of revisions. */
export type Workload = Pick<Sources, "evidence" | "preflight">;

/** A model whose path contains this fails every fifth request. */
const failingName = "failing";
/** A model whose path contains this answers golden requests differently from the stable revision. */
const differingName = "differing";

const requestsPerSecond = 100;
const responseMs = 20;

/** A steady load, split by the weights in status; models behave as the names in their paths say. */
export function steadyWorkload(cluster: SimulatedCluster): Workload {
  const pathOf = (hash: string): string => modelPath(replicaSetOf(cluster, hash));
  return {
    evidence: (key, sinceMs): Evidence => {
      const deployment = cluster.all("ModelDeployment").find(({ metadata: { namespace = "", name } }) => {
        return deploymentKey(namespace, name) === key;
      });
      const seconds = Math.max(0, cluster.now - sinceMs) / 1_000;
      const windows = statusShares(deployment?.status ?? {}).map(({ revision, weight }) => {
        const requests = Math.round((seconds * requestsPerSecond * weight) / 100);
        return [revision, revisionWindow(requests, pathOf(revision))] as const;
      });
      return { sinceMs, untilMs: cluster.now, revisions: Object.fromEntries(windows) };
    },
    preflight: (_key, hash): Preflight | undefined => {
      if (!pathOf(hash).includes(differingName)) return undefined;
      const message = "2 of 3 golden requests are answered differently";
      return { state: "Failed", reason: "PredictionsDiffer", message };
    },
  };
}

function revisionWindow(requests: number, path: string): RevisionWindow {
  const latency: number[] = Array.from({ length: latencyBucket(responseMs) + 1 }, () => 0);
  latency[latencyBucket(responseMs)] = requests;
  return { requests, failed: path.includes(failingName) ? Math.floor(requests / 5) : 0, latency };
}

function replicaSetOf(cluster: SimulatedCluster, hash: string): ReplicaSet | undefined {
  return cluster.all("ReplicaSet").find(({ spec }) => spec.template.metadata?.labels?.[labels.revision] === hash);
}

function modelPath(replicaSet: ReplicaSet | undefined): string {
  const containers = replicaSet?.spec.template.spec.containers ?? [];
  return containers.flatMap(({ env = [] }) => env).find(({ name }) => name === environment.modelPath)?.value ?? "";
}
