import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import type { ModelDeployment, ModelDeploymentStatus } from "../../../crds/v1alpha1/model-deployment.ts";
import type { Client } from "../../kube/client.ts";
import { resources } from "../../kube/resources.ts";
import { annotations } from "../../model-deployment/resources/labels.ts";
import { faults } from "../faults.ts";
import { askedCluster } from "./asked-cluster.ts";
import type { SteeringOptions } from "./options.ts";

/** An operator that runs answers within one reconcile; one that does not within this time is away or blocked. */
const answerDeadlineMs = 15_000;
const pollMs = 200;

type Answered = NonNullable<NonNullable<ModelDeploymentStatus["rollout"]>["answered"]>;

/** How a command reaches the operator, and where status says that it was carried out. */
interface Steering {
  readonly command: SteeringOptions["command"];
  readonly annotation: string;
  readonly answered?: keyof Answered;
}

interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/**
 * `modelwright promote|abort|retry|pause|resume`: writes the annotation that tells the operator, waits until status says
 * that it was carried out, and prints where the rollout is then. Throws `NoSuchDeployment`, `NothingToSteer`,
 * `NotAnswered` and what the cluster refuses.
 */
export async function steerRollout(options: SteeringOptions, print: (line: string) => void): Promise<void> {
  const { command, name } = options;
  const key = { namespace: options.namespace ?? "default", name };
  await askedCluster(options, async (client) => {
    const found = await client.get<ModelDeployment>(resources.modelDeployments, key);
    if (found === undefined) throw faults.NoSuchDeployment(key);
    const refusal = uselessness(options, found);
    if (refusal !== undefined) throw faults.NothingToSteer({ ...key, command, why: refusal });
    const steering = steeringOf(options);
    const value = randomUUID();
    const written = { [steering.annotation]: command === "resume" ? null : value };
    await client.mergePatch(resources.modelDeployments, key, { metadata: { annotations: written } });
    const answered = await answer(client, key, steering, value);
    print(`${key.namespace}/${name}: ${whereItIs(answered)}`);
  });
}

/** Why the command would change nothing; undefined when it would. */
function uselessness({ command }: SteeringOptions, { metadata, status }: ModelDeployment): string | undefined {
  const isPaused = metadata.annotations?.[annotations.pause] !== undefined;
  if (command === "pause") return isPaused ? "it is paused already" : undefined;
  if (command === "resume") return isPaused ? undefined : "it is not paused";
  if (command === "retry") return (status?.failedRevisions ?? []).length > 0 ? undefined : "no revision has failed";
  return status?.candidate === undefined ? "no rollout is under way" : undefined;
}

function steeringOf({ command, full }: SteeringOptions): Steering {
  switch (command) {
    case "promote":
      return full
        ? { command, annotation: annotations.promoteFull, answered: "promoteFull" }
        : { command, annotation: annotations.promote, answered: "promote" };
    case "pause":
    case "resume":
      return { command, annotation: annotations.pause };
    default:
      return { command, annotation: annotations[command], answered: command };
  }
}

/** The state once the operator has carried the command out; pausing and going on need no answer. */
async function answer(
  client: Client,
  key: NamespacedName,
  steering: Steering,
  value: string,
): Promise<ModelDeployment> {
  const deadline = Date.now() + answerDeadlineMs;
  for (;;) {
    const now = await client.get<ModelDeployment>(resources.modelDeployments, key);
    if (now === undefined) throw faults.NoSuchDeployment(key);
    if (steering.answered === undefined || now.status?.rollout?.answered?.[steering.answered] === value) return now;
    if (Date.now() > deadline)
      throw faults.NotAnswered({ ...key, command: steering.command, afterMs: answerDeadlineMs });
    await sleep(pollMs);
  }
}

function whereItIs({ status }: ModelDeployment): string {
  const { stable, candidate, rollout, step } = status ?? {};
  const of = (revision: typeof stable) =>
    revision === undefined
      ? "none"
      : `revision ${revision.revision} (version ${revision.version ?? "-"}) with ${revision.weight ?? 0} % of the requests`;
  if (candidate === undefined) return `stable is ${of(stable)}`;
  const steps = rollout?.steps ?? 0;
  const at = steps === 0 ? "" : `, step ${Math.min((step ?? 0) + 1, steps)} of ${steps}: ${rollout?.stepName ?? ""}`;
  return `candidate is ${of(candidate)}${at}`;
}
