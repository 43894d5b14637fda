import { setTimeout as sleep } from "node:timers/promises";

import type { Client } from "../../../operator/kube/client.ts";
import type { HttpRoute, Stored } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";

/** How the controller answers routes: no status, Accepted=True or Accepted=False. */
export type RouteDecision = "none" | "accept" | "reject";

/** Stands in for the controller of a Gateway: writes the status of every route in the namespace by its present decision. */
export interface GatewayController {
  decision: RouteDecision;
  stop(): Promise<void>;
}

const pollMs = 50;
const refusal = {
  status: "False",
  reason: "NotAllowedByListeners",
  message: "no listener takes routes of this namespace",
};
const acceptance = { status: "True", reason: "Accepted", message: "" };

/** Starts polling the routes of a namespace; it writes no status until a decision is set. */
export function startGatewayController(client: Client, namespace: string): GatewayController {
  const stopping = new AbortController();
  const controller: GatewayController = {
    decision: "none",
    async stop() {
      stopping.abort();
      await running;
    },
  };
  const writeStatuses = async (): Promise<void> => {
    if (controller.decision === "none") return;
    const { items } = await client.list<HttpRoute>(resources.httpRoutes, { namespace });
    for (const route of items)
      await writeStatus(client, route, controller.decision === "accept" ? acceptance : refusal);
  };
  const watch = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // The kind may not be served yet, and a route may have changed meanwhile.
      await writeStatuses().catch(() => {});
      await sleep(pollMs);
    }
  };
  const running = watch();
  return controller;
}

async function writeStatus(client: Client, route: HttpRoute & Stored, answer: typeof refusal): Promise<void> {
  const { name, namespace, generation = 0, resourceVersion } = route.metadata;
  const present = route.status?.parents?.[0]?.conditions?.[0];
  if (present?.status === answer.status && present.observedGeneration === generation) return;
  const condition = { type: "Accepted", ...answer, observedGeneration: generation };
  const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
  const parents = route.spec.parentRefs.map((parentRef) => ({
    parentRef,
    controllerName: "example.com/gateway",
    conditions: [{ ...condition, lastTransitionTime }],
  }));
  const patch = { metadata: { resourceVersion }, status: { parents } };
  await client.mergePatch(resources.httpRoutes, { namespace, name }, patch, { subresource: "status" });
}
