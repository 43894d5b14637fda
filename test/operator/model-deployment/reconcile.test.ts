import { describe, expect, test } from "vitest";
import { silentLog } from "../../../runtime/base/log.ts";
import type { EventValue } from "../../../operator/model-deployment/events.ts";
import { revisionHash } from "../../../operator/model-deployment/plan/revisions.ts";
import { reconcile, type Reconciled } from "../../../operator/model-deployment/reconcile.ts";
import {
  createSimulatedCluster,
  gatewayPod,
  type SimulatedCluster,
} from "../../../operator/model-deployment/simulation/cluster.ts";
import { createMemoryClient } from "../../../operator/model-deployment/simulation/memory-client.ts";
import { kubeFaults } from "../../../operator/kube/faults.ts";
import { model, modelDeployment, settings, testMs } from "../../builders/model-deployment.ts";

const key = { namespace: "default", name: "digits" };
const second = revisionHash(modelDeployment(model("second.h5")).spec);
const creation = `create ReplicaSet digits-${second}`;
const statusWrite = "status of ModelDeployment digits";

interface Passed extends Reconciled {
  readonly requests: readonly string[];
  readonly events: readonly string[];
}

/** One pass and its requests, reads included; what `beforeWrite` throws is the answer to a write. */
async function passed(cluster: SimulatedCluster, beforeWrite: (write: string) => void = () => {}): Promise<Passed> {
  const requests: string[] = [];
  const events: EventValue[] = [];
  const client = createMemoryClient(cluster, (write) => {
    requests.push(write);
    beforeWrite(write);
  });
  const counting: typeof client = {
    ...client,
    get: (resource, named) => {
      requests.push(`get ${resource.kind} ${named.name}`);
      return client.get(resource, named);
    },
  };
  const recorder = { publish: (_about: object, event: EventValue) => void events.push(event) };
  const made = await reconcile(key, { sources: cluster.sources, client: counting, recorder, log: silentLog });
  return { ...made, requests, events: events.map(({ reason, message }) => `${reason}: ${message}`) };
}

/** All is made for the first spec, and the second has just come. */
async function changed(): Promise<SimulatedCluster> {
  const cluster = createSimulatedCluster(settings(), testMs);
  cluster.put(gatewayPod("gateway-a", "10.9.0.1"));
  const first = cluster.put(modelDeployment());
  await passed(cluster);
  await passed(cluster);
  const { status } = cluster.sources.deployment(key) ?? first;
  cluster.put({
    ...first,
    spec: { ...first.spec, ...model("second.h5") },
    metadata: { ...first.metadata, generation: 2 },
    status: status ?? {},
  });
  return cluster;
}

function versions(cluster: SimulatedCluster): unknown {
  const { candidate } = cluster.sources.deployment(key)?.status ?? {};
  const replicaSet = cluster.at("ReplicaSet", { ...key, name: `digits-${second}` });
  return { status: candidate?.version, replicaSet: replicaSet?.metadata.annotations?.["modelwright.dev/version"] };
}

describe("a change of the spec", () => {
  test("costs a status write, which says the version, and then a ReplicaSet that has it", async () => {
    const cluster = await changed();
    const { requests, writes, failure } = await passed(cluster);
    expect({
      requests,
      kinds: writes.map(({ resource }) => resource.kind),
      failure,
      ...Object(versions(cluster)),
    }).toEqual({
      requests: [statusWrite, creation],
      kinds: ["ModelDeployment", "ReplicaSet"],
      failure: undefined,
      status: "2",
      replicaSet: "2",
    });
  });

  test("makes nothing under a version that another leader has written over", async () => {
    const cluster = await changed();
    const { requests, failure } = await passed(cluster, (write) => {
      if (write === statusWrite) throw kubeFaults.Conflict({ operation: write, message: "modified" });
    });
    expect([requests, failure?.code, versions(cluster)]).toEqual([
      [statusWrite],
      "Conflict",
      { status: "1", replicaSet: undefined },
    ]);
  });

  test("goes on after a crash between the two, by the version that status says", async () => {
    const cluster = await changed();
    await passed(cluster, (write) => {
      if (write === creation) throw new Error("the operator crashed");
    });
    const { requests } = await passed(cluster);
    expect([requests.slice(0, 2), versions(cluster)]).toEqual([
      ["get ModelDeployment digits", creation],
      { status: "2", replicaSet: "2" },
    ]);
  });

  test("whose ReplicaSet is refused says so by an event, and in status with the next pass, which the status write calls for", async () => {
    const cluster = await changed();
    const refusing = (write: string): void => {
      if (write === creation) throw kubeFaults.Forbidden({ operation: write, message: "no" });
    };
    const passes = [await passed(cluster, refusing), await passed(cluster, refusing)];
    const ready = cluster.sources.deployment(key)?.status?.conditions?.find(({ type }) => type === "Ready");
    const fault = `${creation} was refused: no; grant the verb in the role of the service account`;
    expect([passes.map(({ requests }) => requests), ready?.message, passes.map(({ events }) => events)]).toEqual([
      [
        [statusWrite, creation],
        ["get ModelDeployment digits", creation, statusWrite],
      ],
      fault,
      [
        [
          `TrafficShifted: traffic goes 100 % to ${second}: nothing else serves: requests wait until it is ready`,
          `Forbidden: ${fault}`,
        ],
        [`Forbidden: ${fault}`, `Forbidden: ${fault}`],
      ],
    ]);
  });
});
