import { setTimeout as sleep } from "node:timers/promises";

import { resources } from "../../../operator/kube/resources.ts";
import { modelDeployment } from "../../builders/model-deployment.ts";
import { type FaultProxy, openRules } from "./proxy/fault-proxy.ts";
import { openPlace, type Place } from "./stage/place.ts";
import type { Refusal } from "./proxy/proxied-call.ts";
import type { Stage } from "./stage/stage.ts";

/** A time in which an operator cannot work with its API server. */
export interface Trouble {
  readonly name: string;
  begin(proxy: FaultProxy): Promise<void> | void;
  end(proxy: FaultProxy): Promise<void> | void;
}

/** What became of an operator after a trouble. */
export interface Aftermath {
  /** From the trouble's end until everything is as the user wants it. */
  readonly resyncMs: number;
  /** How the operator ended, if it did. */
  readonly ended: string | undefined;
  /** Watches that were told that their history is gone. */
  readonly expired: number;
}

/** The user changes the first just when the trouble begins, so that it is worked on, the other in the middle of it. */
const names = ["first", "other"] as const;
type Name = (typeof names)[number];
const limitMs = 90_000;

/** Everything is refused at once with this status, watches that are open are cut. */
function refusing(status: number, headers: Refusal["headers"] = {}): Pick<Trouble, "begin" | "end"> {
  const reason = status === 429 ? "TooManyRequests" : "ServiceUnavailable";
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", code: status, reason, message: "made to fail" };
  return {
    begin(proxy) {
      proxy.judge = () => ({ when: "before", refusal: { status, headers, body: JSON.stringify(body) } });
      proxy.breakConnections();
    },
    end: (proxy) => void (proxy.judge = () => undefined),
  };
}

const unreachable = { begin: (proxy: FaultProxy) => proxy.refuse(), end: (proxy: FaultProxy) => proxy.accept() };

export const troubles = {
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
      void (proxy.alter = (piece) => ({ piece: piece.subarray(0, Math.ceil(piece.length / 2)), isCut: true })),
    end: (proxy) => void (proxy.alter = openRules.alter),
  },
} satisfies Readonly<Record<string, Trouble>>;

/** Lets a trouble befall an operator that is at work, while the user goes on changing things. */
export async function survive(
  stage: Stage,
  namespace: string,
  { trouble, durationMs }: { readonly trouble: Trouble; readonly durationMs: number },
): Promise<Aftermath> {
  const { client } = stage;
  const place = await openPlace(stage, namespace);
  const history = followExpiry(place.proxy);
  const scale = (name: Name, replicas: number): Promise<unknown> =>
    client.mergePatch(resources.modelDeployments, { namespace, name }, { spec: { replicas } });
  let ended: string | undefined;
  try {
    const operator = place.startOperator();
    void operator.exited.then((how) => (ended = how));
    await operator.leads;
    const { apiVersion, kind, spec } = modelDeployment();
    for (const name of names) {
      await client.create(resources.modelDeployments, { apiVersion, kind, metadata: { name, namespace }, spec });
    }
    for (const name of names) await untilScaled(stage, place, { name, replicas: 2 });
    await scale("first", 4);
    await trouble.begin(place.proxy);
    await sleep(durationMs / 2);
    await scale("other", 3);
    await sleep(durationMs / 2);
    await trouble.end(place.proxy);
    const endedMs = performance.now();
    await untilScaled(stage, place, { name: "first", replicas: 4 });
    await untilScaled(stage, place, { name: "other", replicas: 3 });
    return { resyncMs: performance.now() - endedMs, ended, expired: history.expired() };
  } finally {
    await place.stop();
  }
}

/** Counts answers and events of watches that say 410. */
function followExpiry(proxy: FaultProxy): { expired(): number } {
  let expired = 0;
  const { onExchange, alter } = proxy;
  proxy.onExchange = (exchanged) => {
    onExchange(exchanged);
    if (exchanged.status === 410) expired += 1;
  };
  proxy.alter = (piece) => {
    if (piece.includes('"code":410')) expired += 1;
    return alter(piece);
  };
  return { expired: () => expired };
}

interface Wanted {
  readonly name: Name;
  readonly replicas: number;
}

/** As many pods as wanted are ready, and the ModelDeployment says so of its present generation. */
async function untilScaled({ view }: Stage, { namespace, operator }: Place, wanted: Wanted): Promise<void> {
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
