import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { ModelDeployment } from "../../crds/v1alpha1/model-deployment.ts";
import type { Client } from "../kube/client.ts";
import { resources } from "../kube/resources.ts";
import { steeringFaults } from "./faults.ts";
import { isCarriedOut, type RolloutCommand, signals, noEffectReason } from "./rollout-command.ts";

/** An operator that runs answers within one reconcile; one that does not within this time is away or blocked. */
const answerDeadlineMs = 15_000;
const pollMs = 200;

/** Name of a ModelDeployment. */
export interface DeploymentName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Tells a rollout a command and resolves with the ModelDeployment once its status says that it was carried out. Throws
 * `NoSuchDeployment`, `NothingToSteer`, `NotAnswered` and what the cluster refuses.
 */
export async function sendCommand(client: Client, key: DeploymentName, command: RolloutCommand): Promise<ModelDeployment> {
  const why = noEffectReason(command, await present(client, key));
  if (why !== undefined) throw steeringFaults.NothingToSteer({ ...key, command, why });
  const { annotation } = signals[command];
  const value = randomUUID();
  const written = { [annotation]: command === "resume" ? null : value };
  await client.mergePatch(resources.modelDeployments, key, { metadata: { annotations: written } });
  const deadline = Date.now() + answerDeadlineMs;
  for (;;) {
    const now = await present(client, key);
    if (isCarriedOut(command, value, now)) return now;
    if (Date.now() > deadline) throw steeringFaults.NotAnswered({ ...key, command, afterMs: answerDeadlineMs });
    await sleep(pollMs);
  }
}

async function present(client: Client, key: DeploymentName): Promise<ModelDeployment> {
  const found = await client.get<ModelDeployment>(resources.modelDeployments, key);
  if (found === undefined) throw steeringFaults.NoSuchDeployment(key);
  return found;
}
