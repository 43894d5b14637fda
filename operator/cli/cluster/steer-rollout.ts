import { whereItIs } from "../../steering/rollout-command.ts";
import { steered } from "../../steering/steered.ts";
import { askedCluster } from "./asked-cluster.ts";
import type { SteeringOptions } from "./options.ts";

/**
 * `modelwright promote|abort|retry|pause|resume|restart`: tells a rollout, waits until the operator has carried it out, and prints
 * where the rollout is then. Throws what `steered` throws.
 */
export async function steerRollout(options: SteeringOptions, print: (line: string) => void): Promise<void> {
  const { command, name, namespace = "default" } = options;
  await askedCluster(options, async (client) => print(whereItIs(await steered(client, { namespace, name }, command))));
}
