import { environment } from "../../../runtime/contract/environment.ts";
import { latencyBucket } from "../../../runtime/contract/figures.ts";
import type { Evidence, RevisionWindow, Trial } from "../../analysis/evidence.ts";
import type { ReplicaSet } from "../../kube/kinds.ts";
import type { Sources } from "../sources.ts";
import { statusShares } from "../plan/traffic.ts";
import { labels } from "../resources/labels.ts";
import { deploymentKey } from "../resources/names.ts";
import type { SimulatedCluster } from "./cluster.ts";

/** How revisions do with requests, and with what is asked of them before. */
export type Conduct = Pick<Sources, "evidence" | "trial">;

/** What a model whose path contains this word makes of its requests: every fifth fails. */
const failingWord = "failing";
/** What a model whose path contains this word makes of the golden requests: other answers than the stable revision. */
const differingWord = "differing";

const requestsPerSecond = 100;
const answerMs = 20;

/** Steady requests, shared out by the weights of status; models do as the words in their paths say. */
export function steadyConduct(cluster: SimulatedCluster): Conduct {
  const pathOf = (hash: string): string => modelPath(revisionSet(cluster, hash));
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
    trial: (_key, hash): Trial | undefined => {
      if (!pathOf(hash).includes(differingWord)) return undefined;
      const message = "2 of 3 golden requests are answered differently";
      return { state: "Failed", reason: "PredictionsDiffer", message };
    },
  };
}

function revisionWindow(requests: number, path: string): RevisionWindow {
  const latency: number[] = Array.from({ length: latencyBucket(answerMs) + 1 }, () => 0);
  latency[latencyBucket(answerMs)] = requests;
  return { requests, failed: path.includes(failingWord) ? Math.floor(requests / 5) : 0, latency };
}

function revisionSet(cluster: SimulatedCluster, hash: string): ReplicaSet | undefined {
  return cluster.all("ReplicaSet").find(({ spec }) => spec.template.metadata?.labels?.[labels.revision] === hash);
}

function modelPath(replicaSet: ReplicaSet | undefined): string {
  const containers = replicaSet?.spec.template.spec.containers ?? [];
  return containers.flatMap(({ env = [] }) => env).find(({ name }) => name === environment.modelPath)?.value ?? "";
}
