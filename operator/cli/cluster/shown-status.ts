import { setTimeout as sleep } from "node:timers/promises";

import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Client } from "../../kube/client.ts";
import type { Pod } from "../../kube/kinds.ts";
import { resources } from "../../kube/resources.ts";
import { labels } from "../../model-deployment/resources/labels.ts";
import { steeringFaults } from "../../steering/faults.ts";
import { faults } from "../faults.ts";
import { askedCluster } from "./asked-cluster.ts";
import type { Terminal } from "./cluster-command.ts";
import type { StatusOptions } from "./options.ts";
import { statusTree } from "./status-tree.ts";

/** How often a watched status is read: fast enough for an eye, cheap enough for a cluster. */
const pollMs = 1_000;

/**
 * `modelwright status`: prints the tree of all ModelDeployments or of one; with `watch` again after every change, until
 * Ctrl-C or, of one ModelDeployment, until its rollout has ended or needs a human. Throws `NoSuchDeployment`, of a watched one
 * that is not ready then `NotReady`, and what the cluster refuses.
 */
export async function showStatus(options: StatusOptions, terminal: Terminal): Promise<void> {
  const { print, clear } = terminal;
  const stop = options.watch ? terminal.stop() : undefined;
  await askedCluster(options, async (client) => {
    let shown = "";
    for (;;) {
      const { deployments, lines } = await state(options, client);
      if (lines.join("\n") !== shown) {
        if (options.watch) clear();
        lines.forEach(print);
        shown = lines.join("\n");
      }
      if (stop === undefined) return;
      if (options.name !== undefined && deployments.every(isSettled)) return deployments.forEach(assertReady);
      await sleep(pollMs, undefined, { signal: stop }).catch(() => undefined);
      if (stop.aborted) return;
    }
  });
}

/** The newest spec was seen, and nothing is under way that anybody has to wait for, or nothing without a human. */
export function isSettled({ metadata, status }: ModelDeployment): boolean {
  if (status?.observedGeneration !== metadata.generation) return false;
  const isTrue = (wanted: string): boolean =>
    status?.conditions?.some(({ type, status: value }) => type === wanted && value === "True") === true;
  return isTrue("Stalled") || (status?.candidate === undefined && !isTrue("Reconciling"));
}

function assertReady({ metadata: { name, namespace = "default" }, status }: ModelDeployment): void {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "True") throw faults.NotReady({ namespace, name, reason: ready?.reason ?? "unknown" });
}

async function state({ namespace, name }: StatusOptions, client: Client) {
  // Of one that is named the namespace is kubectl's default; of all it is every one.
  const place = name === undefined ? namespace : (namespace ?? "default");
  const found = await client.list<ModelDeployment>(resources.modelDeployments, {
    namespace: place,
    ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }),
  });
  if (name !== undefined && found.items.length === 0) {
    throw steeringFaults.NoSuchDeployment({ namespace: place ?? "default", name });
  }
  const labelSelector = name === undefined ? labels.deployment : `${labels.deployment}=${name}`;
  const pods = await client.list<Pod>(resources.pods, { namespace: place, labelSelector });
  return { deployments: found.items, lines: statusTree(found.items, pods.items, place) };
}
