import { setTimeout as sleep } from "node:timers/promises";

import type { Client } from "../../../operator/kube/client.ts";
import type { HttpRoute, Stored } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";

/** What a Gateway's controller says of the routes of a namespace. */
export type Attitude = "silent" | "accepts" | "refuses";

/** Plays the controller of a Gateway: says of every route, as it is now, what it is told to. */
export interface GatewayController {
  attitude: Attitude;
  stop(): Promise<void>;
}

const pollMs = 50;
const refusal = {
  status: "False",
  reason: "NotAllowedByListeners",
  message: "no listener takes routes of this namespace",
};
const acceptance = { status: "True", reason: "Accepted", message: "" };

export function startGatewayController(client: Client, namespace: string): GatewayController {
  const stopping = new AbortController();
  const controller: GatewayController = {
    attitude: "silent",
    async stop() {
      stopping.abort();
      await running;
    },
  };
  const look = async (): Promise<void> => {
    if (controller.attitude === "silent") return;
    const { items } = await client.list<HttpRoute>(resources.httpRoutes, { namespace });
    for (const route of items) await tell(client, route, controller.attitude === "accepts" ? acceptance : refusal);
  };
  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // A kind that is not served yet is no news, nor is a route that has changed meanwhile.
      await look().catch(() => {});
      await sleep(pollMs);
    }
  };
  const running = watch();
  return controller;
}

async function tell(client: Client, route: HttpRoute & Stored, verdict: typeof refusal): Promise<void> {
  const { name, namespace, generation = 0, resourceVersion } = route.metadata;
  const told = route.status?.parents?.[0]?.conditions?.[0];
  if (told?.status === verdict.status && told.observedGeneration === generation) return;
  const condition = { type: "Accepted", ...verdict, observedGeneration: generation };
  const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
  const parents = route.spec.parentRefs.map((parentRef) => ({
    parentRef,
    controllerName: "example.com/gateway",
    conditions: [{ ...condition, lastTransitionTime }],
  }));
  const patch = { metadata: { resourceVersion }, status: { parents } };
  await client.mergePatch(resources.httpRoutes, { namespace, name }, patch, { subresource: "status" });
}
