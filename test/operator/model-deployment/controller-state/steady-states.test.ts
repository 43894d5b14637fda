import { describe, expect, test } from "vitest";
import type { ModelDeploymentSpec } from "../../../../crds/v1alpha1/model-deployment.ts";
import { silentLog } from "../../../../runtime/base/log.ts";
import { observe } from "../../../../operator/model-deployment/observe.ts";
import type { Sources } from "../../../../operator/model-deployment/sources.ts";
import { reconcile } from "../../../../operator/model-deployment/reconcile.ts";
import { annotations } from "../../../../operator/model-deployment/resources/labels.ts";
import {
  createSimulatedCluster,
  gatewayPod,
  type SimulatedCluster,
} from "../../../../operator/model-deployment/simulation/cluster.ts";
import { createMemoryClient } from "../../../../operator/model-deployment/simulation/memory-client.ts";
import { simulatedControllers } from "../../../../operator/model-deployment/simulation/controllers.ts";
import {
  createSteadyStates,
  type InputVersions,
  inputVersions,
} from "../../../../operator/model-deployment/controller-state/steady-states.ts";
import { model, modelDeployment, settings, testMs } from "../../../builders/model-deployment.ts";

const key = { namespace: "default", name: "digits" };
const digits = "default/digits";

async function reconcileOnce(cluster: SimulatedCluster): Promise<boolean | undefined> {
  const client = createMemoryClient(cluster);
  const recorder = { publish: () => {} };
  return (await reconcile(key, { sources: cluster.sources, client, recorder, log: silentLog })).isSteady;
}

/** A cluster in which a ModelDeployment is in a steady state. */
async function steadyCluster(spec: Partial<ModelDeploymentSpec> = {}): Promise<SimulatedCluster> {
  const cluster = createSimulatedCluster(settings(), testMs);
  cluster.put(gatewayPod("gateway-a", "10.9.0.1"));
  cluster.put(modelDeployment(spec));
  for (let turn = 0; turn < 12; turn += 1) {
    await reconcileOnce(cluster);
    for (const other of simulatedControllers) await other(cluster);
    cluster.now += 60_000;
  }
  return cluster;
}

/** The calls to the sources, by name and arguments. */
function callsTo(sources: Sources, look: (sources: Sources) => unknown): ReadonlySet<string> {
  const callsTo = new Set<string>();
  const listening = new Proxy(sources, {
    get(target, name: keyof Sources) {
      const source = target[name];
      if (typeof source !== "function") return source;
      return (...args: readonly unknown[]) => {
        callsTo.add(`${name} ${JSON.stringify(args)}`);
        return Reflect.apply(source, target, args);
      };
    },
  });
  look(listening);
  return callsTo;
}

/** The cheaper call that reads only identity and version. */
function versionCall(question: string): string {
  const [name = "", args = ""] = question.split(/ (.*)/);
  const [source, kind] = versionCalls[name] ?? [];
  return source === undefined ? question : `${source} ["${kind}",${args.slice(1)}`;
}

const versionCalls: Readonly<Record<string, readonly [string, string]>> = {
  deployment: ["identityAt", "deployments"],
  serviceAccount: ["identityAt", "serviceAccounts"],
  service: ["identityAt", "services"],
  endpointSlice: ["identityAt", "endpointSlices"],
  podDisruptionBudget: ["identityAt", "podDisruptionBudgets"],
  httpRoute: ["identityAt", "httpRoutes"],
  servicesOf: ["identitiesOwnedBy", "services"],
  replicaSetsOf: ["identitiesOwnedBy", "replicaSets"],
  podsOf: ["identitiesOwnedBy", "pods"],
};

function isUnchangedSince(
  cluster: SimulatedCluster,
  before: InputVersions | undefined,
  sources: Sources = cluster.sources,
): boolean {
  const steadyStates = createSteadyStates();
  steadyStates.record(digits, before);
  return steadyStates.isUnchanged(digits, sources);
}

const specs: Readonly<Record<string, Partial<ModelDeploymentSpec>>> = {
  "two replicas": {},
  "nothing, suspended": { suspend: true },
  "an HTTPRoute": { traffic: { httpRoute: { parentRefs: [{ name: "gateway" }] } } },
};

describe("a steady state", () => {
  test.each(Object.entries(specs))(
    "with %s depends on everything that was observed except the time",
    async (_, spec) => {
      const cluster = await steadyCluster(spec);
      expect(await reconcileOnce(cluster)).toBe(true);
      const seen = callsTo(cluster.sources, (sources) => inputVersions(digits, sources));
      const observed = callsTo(cluster.sources, (sources) => observe(key, sources));
      const steadyStates = createSteadyStates();
      steadyStates.record(digits, inputVersions(digits, cluster.sources));
      const looked = callsTo(cluster.sources, (sources) =>
        expect(steadyStates.isUnchanged(digits, sources)).toBe(true),
      );
      expect(looked).toEqual(new Set([...seen].map((one) => (one.startsWith("deployment ") ? versionCall(one) : one))));
      // A ReplicaSet with the wanted revision's name is covered by its own ReplicaSets.
      const others = [...observed].filter(
        (one) => !seen.has(one) && !seen.has(versionCall(one)) && !/^(now|replicaSet) /.test(one),
      );
      expect(others).toEqual([]);
    },
  );

  test("lasts while nothing changes, even if a gateway's pod changes but not in readiness or address", async () => {
    const cluster = await steadyCluster();
    const before = inputVersions(digits, cluster.sources);
    const { metadata, ...pod } = gatewayPod("gateway-a", "10.9.0.1");
    cluster.put({ ...pod, metadata: { ...metadata, annotations: { touched: "yes" } } });
    expect(isUnchangedSince(cluster, before)).toBe(true);
  });

  test("ends with each change of one of its objects", async () => {
    for (const kind of [
      "ModelDeployment",
      "ReplicaSet",
      "Pod",
      "Service",
      "ServiceAccount",
      "EndpointSlice",
    ] as const) {
      const cluster = await steadyCluster();
      const before = inputVersions(digits, cluster.sources);
      for (const object of cluster.all(kind).filter(({ metadata }) => metadata.namespace === "default")) {
        cluster.put(object);
      }
      expect([kind, isUnchangedSince(cluster, before)]).toEqual([kind, false]);
    }
  });

  test.each([
    ["a pod is removed", (cluster) => cluster.delete(cluster.all("Pod").find(isOurs) ?? modelDeployment())],
    ["a gateway is added", (cluster) => void cluster.put(gatewayPod("gateway-b", "10.9.0.2"))],
    ["an acknowledgement is lost", (cluster) => cluster.acknowledged.clear()],
    ["an unready gateway acknowledges a split", (cluster) => void cluster.acknowledged.set("gateway-b", "a=100")],
  ] satisfies [string, (cluster: SimulatedCluster) => void][])("ends when %s", async (_, change) => {
    const cluster = await steadyCluster();
    const before = inputVersions(digits, cluster.sources);
    change(cluster);
    expect(isUnchangedSince(cluster, before)).toBe(false);
  });

  test.each([
    ["there is a warning event about a pod", { warning: () => ({ reason: "Unhealthy", message: "m", atMs: testMs }) }],
    ["the served definition drops a field", { droppedField: () => "spec.traffic" }],
    ["the autoscaler wants another number", { scaling: () => ({ desired: 3, why: "load", needed: 3, figures: {} }) }],
  ] satisfies [string, Partial<Sources>][])("ends when %s", async (_, changes) => {
    const cluster = await steadyCluster();
    const before = inputVersions(digits, cluster.sources);
    expect(isUnchangedSince(cluster, before, { ...cluster.sources, ...changes })).toBe(false);
  });

  test("is not recorded while a candidate is judged, nor for a ModelDeployment that lost its gateway port", async () => {
    const cluster = await steadyCluster({ rollout: { canary: { steps: [{ setWeight: 10 }, { pause: {} }] } } });
    const { metadata, spec } = cluster.sources.deployment(key) ?? modelDeployment();
    const changed = {
      ...modelDeployment(),
      metadata: { ...metadata, generation: 2 },
      spec: { ...spec, ...model("b.h5") },
    };
    cluster.put({ ...changed, status: cluster.sources.deployment(key)?.status ?? {} });
    const steadyStates = new Set<boolean | undefined>();
    for (let turn = 0; turn < 12; turn += 1) {
      steadyStates.add(await reconcileOnce(cluster));
      for (const other of simulatedControllers) await other(cluster);
      cluster.now += 1_000;
    }
    expect([...steadyStates]).toEqual([false]);
    const port = cluster.sources.deployment(key)?.status?.gateway?.port ?? 0;
    cluster.put({
      ...modelDeployment(),
      metadata: { name: "other", namespace: "default", uid: "uid-other", annotations: { [annotations.pause]: "" } },
      status: { gateway: { port } },
    });
    expect(inputVersions(digits, cluster.sources)).toBeUndefined();
  });
});

function isOurs({ metadata }: { readonly metadata: { readonly namespace?: string } }): boolean {
  return metadata.namespace === "default";
}
