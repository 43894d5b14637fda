import { expect, test } from "vitest";
import type { ModelDeployment } from "../../../../crds/v1alpha1/model-deployment.ts";
import { historyLines } from "../../../../operator/cli/cluster/history.ts";
import type { ReplicaSet } from "../../../../operator/kube/kinds.ts";
import { annotations, revisionLabels } from "../../../../operator/model-deployment/resources/labels.ts";

const digits: ModelDeployment = {
  apiVersion: "modelwright.dev/v1alpha1",
  kind: "ModelDeployment",
  metadata: { name: "digits", namespace: "vision" },
  spec: { model: { source: { configMap: { name: "m", key: "m.h5" } } } },
  status: {
    stable: { revision: "aaa", version: "1", digest: "sha256:a", weight: 75 },
    candidate: { revision: "ccc", version: "10", weight: 25 },
    failedRevisions: [{ revision: "bbb", reason: "ProgressDeadline", message: "took longer than 10m" }],
  },
};

function replicaSet(revision: string, version: string, ready: number): ReplicaSet {
  const metadata = {
    name: `digits-${revision}`,
    labels: revisionLabels("digits", revision),
    annotations: { [annotations.version]: version },
    creationTimestamp: `2030-01-0${version.length}T00:00:00Z`,
  };
  const template = { metadata: {}, spec: { containers: [] } };
  const status = { replicas: 2, readyReplicas: ready };
  return { apiVersion: "apps/v1", kind: "ReplicaSet", metadata, spec: { replicas: 2, selector: {}, template }, status };
}

test("the history has a line for each revision, the newest version first, and says what failed and why", () => {
  expect(historyLines(digits, [replicaSet("aaa", "1", 2), replicaSet("ccc", "10", 1)])).toEqual([
    "REVISION  VERSION  ROLE            READY  CREATED               NOTE",
    "ccc       10       candidate 25 %  1/2    2030-01-02T00:00:00Z",
    "aaa       1        stable 75 %     2/2    2030-01-01T00:00:00Z  sha256:a",
    "bbb                failed                                       ProgressDeadline: took longer than 10m",
  ]);
});

test("a ModelDeployment without revisions has no history", () => {
  expect(historyLines({ ...digits, status: {} }, [])).toEqual(["no revision yet"]);
});
