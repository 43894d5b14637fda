import { rolloutSummary } from "../../steering/rollout-command.ts";
import { sendCommand } from "../../steering/send-command.ts";
import { askedCluster } from "./asked-cluster.ts";
import type { SteeringOptions } from "./options.ts";

/**
 * `modelwright promote|abort|retry|pause|resume|restart`: tells a rollout, waits until the operator has carried it out, and prints
 * where the rollout is then. Throws what `sendCommand` throws.
 */
export async function steerRollout(options: SteeringOptions, print: (line: string) => void): Promise<void> {
  const { command, name, namespace = "default" } = options;
  await askedCluster(options, async (client) => print(rolloutSummary(await sendCommand(client, { namespace, name }, command))));
}
