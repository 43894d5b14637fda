import { setTimeout as sleep } from "node:timers/promises";

import { resources } from "../../../operator/kube/resources.ts";
import { modelDeployment } from "../../builders/model-deployment.ts";
import { type FaultProxy, passThrough } from "./proxy/fault-proxy.ts";
import { createSandbox, type Sandbox } from "./cluster/sandbox.ts";
import type { Refusal } from "./proxy/proxied-request.ts";
import type { TestCluster } from "./cluster/test-cluster.ts";

/** A period in which an operator cannot work with its API server. */
export interface Outage {
  readonly name: string;
  begin(proxy: FaultProxy): Promise<void> | void;
  end(proxy: FaultProxy): Promise<void> | void;
}

/** The state of an operator after an outage. */
export interface OutageResult {
  /** Time from the outage's end until both ModelDeployments are as declared. */
  readonly resyncMs: number;
  /** Exit status or signal of the operator, if it ended. */
  readonly ended: string | undefined;
  /** Number of watches that got 410 Gone. */
  readonly expired: number;
}

/** `first` is changed just before the outage begins, so that the operator is working on it; `other` halfway through the outage. */
const names = ["first", "other"] as const;
type Name = (typeof names)[number];
const limitMs = 90_000;

/** The proxy refuses every request with this status at once, and cuts open watches. */
function refusing(status: number, headers: Refusal["headers"] = {}): Pick<Outage, "begin" | "end"> {
  const reason = status === 429 ? "TooManyRequests" : "ServiceUnavailable";
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", code: status, reason, message: "made to fail" };
  return {
    begin(proxy) {
      proxy.intercept = () => ({ when: "before", refusal: { status, headers, body: JSON.stringify(body) } });
      proxy.breakConnections();
    },
    end: (proxy) => void (proxy.intercept = () => undefined),
  };
}

const unreachable = { begin: (proxy: FaultProxy) => proxy.refuse(), end: (proxy: FaultProxy) => proxy.accept() };

export const outages = {
  unreachable: { name: "no connection", ...unreachable },
  silent: {
    name: "a silent connection that moves again",
    begin: (proxy) => proxy.freeze(),
    end: (proxy) => proxy.thaw(),
  },
  dead: {
    name: "a silent connection that is reset",
    begin: (proxy) => proxy.freeze(),
    end(proxy) {
      proxy.breakConnections();
      proxy.thaw();
    },
  },
  tooMany: { name: "429", ...refusing(429) },
  tooManyForNow: { name: "429 with Retry-After", ...refusing(429, { "retry-after": "1" }) },
  unavailable: { name: "503", ...refusing(503) },
  truncated: {
    name: "watches that are cut within an event",
    begin: (proxy) =>
      void (proxy.alter = (chunk) => ({ chunk: chunk.subarray(0, Math.ceil(chunk.length / 2)), isCut: true })),
    end: (proxy) => void (proxy.alter = passThrough.alter),
  },
} satisfies Readonly<Record<string, Outage>>;

/** Runs an operator through an outage, with changes by a user just before it and during it. */
export async function runThroughOutage(
  cluster: TestCluster,
  namespace: string,
  { outage, durationMs }: { readonly outage: Outage; readonly durationMs: number },
): Promise<OutageResult> {
  const { client } = cluster;
  const sandbox = await createSandbox(cluster, namespace);
  const history = followExpiry(sandbox.proxy);
  const scale = (name: Name, replicas: number): Promise<unknown> =>
    client.mergePatch(resources.modelDeployments, { namespace, name }, { spec: { replicas } });
  let ended: string | undefined;
  try {
    const operator = sandbox.startOperator();
    void operator.exited.then((how) => (ended = how));
    await operator.leads;
    const { apiVersion, kind, spec } = modelDeployment();
    for (const name of names) {
      await client.create(resources.modelDeployments, { apiVersion, kind, metadata: { name, namespace }, spec });
    }
    for (const name of names) await untilScaled(cluster, sandbox, { name, replicas: 2 });
    await scale("first", 4);
    await outage.begin(sandbox.proxy);
    await sleep(durationMs / 2);
    await scale("other", 3);
    await sleep(durationMs / 2);
    await outage.end(sandbox.proxy);
    const endedMs = performance.now();
    await untilScaled(cluster, sandbox, { name: "first", replicas: 4 });
    await untilScaled(cluster, sandbox, { name: "other", replicas: 3 });
    return { resyncMs: performance.now() - endedMs, ended, expired: history.expired() };
  } finally {
    await sandbox.stop();
  }
}

/** Counts the responses and watch events with code 410. */
function followExpiry(proxy: FaultProxy): { expired(): number } {
  let expired = 0;
  const { onCompleted, alter } = proxy;
  proxy.onCompleted = (completed) => {
    onCompleted(completed);
    if (completed.status === 410) expired += 1;
  };
  proxy.alter = (chunk) => {
    if (chunk.includes('"code":410')) expired += 1;
    return alter(chunk);
  };
  return { expired: () => expired };
}

interface Wanted {
  readonly name: Name;
  readonly replicas: number;
}

/** Waits until the ModelDeployment's present generation is Ready with the wanted number of pods. */
async function untilScaled({ view }: TestCluster, { namespace, operator }: Sandbox, wanted: Wanted): Promise<void> {
  const { name, replicas } = wanted;
  const startMs = performance.now();
  const isScaled = (): boolean => {
    const deployment = view.deployments.find({ namespace, name });
    const ready = deployment?.status?.conditions?.find(({ type }) => type === "Ready");
    const isCurrent = ready?.observedGeneration === deployment?.metadata.generation;
    return isCurrent && ready?.status === "True" && deployment?.status?.stable?.ready === replicas;
  };
  while (!isScaled()) {
    const words = `${namespace}/${name} has not ${replicas} replicas after ${limitMs} ms`;
    if (performance.now() - startMs > limitMs) throw new Error(`${words}\n${operator?.log.slice(-20).join("\n")}`);
    await sleep(20);
  }
}
