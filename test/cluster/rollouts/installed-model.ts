import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import digit from "../../../operator/cli/example/digit.json" with { type: "json" };
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { type Client, createClient } from "../../../operator/kube/client.ts";
import { loadConnection } from "../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../operator/kube/http-transport.ts";
import type { Pod, Service, Stored } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { deploymentSelectorText } from "../../../operator/model-deployment/resources/labels.ts";
import type { RolloutCommand } from "../../../operator/rollout-commands/rollout-command.ts";
import { type Load, startLoad } from "../../bench/rollout/load.ts";
import { until } from "../../integration/local/client/until.ts";
import type { ClusterAccess } from "../control-plane.ts";
import { capture } from "../launch/kubectl.ts";

/** The README's example on a cluster, with the operations that tests need. */
export interface InstalledModel {
  readonly client: Client;
  readonly key: { readonly namespace: string; readonly name: string };
  patch(spec: object): Promise<void>;
  /** Waits until status is of the present generation and satisfies the predicate. */
  reached(satisfies: (deployment: ModelDeployment & Stored) => boolean): Promise<ModelDeployment & Stored>;
  /** Runs `modelwright promote`, or another rollout command, as users do. */
  run(command: RolloutCommand): Promise<void>;
  /** Starts clients of the Service over HTTP and gRPC that check the answers. */
  load(pauseMs: number): Promise<Load>;
  /** The model's pods, or those of a namespace that match a label selector. */
  pods(selection?: { readonly namespace: string; readonly labelSelector: string }): Promise<readonly (Pod & Stored)[]>;
  close(): Promise<void>;
}

const root = join(import.meta.dirname, "..", "..", "..");
const example = join(root, "crds", "examples", "digits.yaml");
const greyLevels = 16;
const limitMs = 120_000;

/** Creates a namespace and applies the example in it. */
export async function installModel(
  { kubectl, kubeconfigPath }: ClusterAccess,
  namespace: string,
): Promise<InstalledModel> {
  const transport = createHttpTransport({ connection: await loadConnection({ kubeconfigPath }) });
  const client = createClient({ transport, fieldManager: "test" });
  const key = { namespace, name: "simple-model" };
  await client.apply(resources.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const applied = await kubectl([`--namespace=${namespace}`, "apply", `--filename=${example}`]);
  if (applied.code !== 0) throw new Error(applied.stderr);
  const present = (): Promise<(ModelDeployment & Stored) | undefined> =>
    client.get<ModelDeployment>(resources.modelDeployments, key);
  return {
    client,
    key,
    patch: async (spec) => void (await client.mergePatch(resources.modelDeployments, key, { spec })),
    async reached(satisfies) {
      const isReached = (found: (ModelDeployment & Stored) | undefined): boolean =>
        found?.status?.observedGeneration === found?.metadata.generation && found !== undefined && satisfies(found);
      const found = await until(present, isReached, limitMs);
      if (found === undefined) throw new Error("there is no ModelDeployment");
      return found;
    },
    async run(command) {
      const words = command === "promote-full" ? ["promote", "--full"] : [command];
      const program = join(root, "operator", "cli", "modelwright.ts");
      const flags = ["--namespace", namespace, "--kubeconfig", kubeconfigPath];
      const { code, stderr } = await capture(process.execPath, [program, ...words, key.name, ...flags]);
      if (code !== 0) throw new Error(`modelwright ${command}: ${stderr}`);
    },
    async load(pauseMs) {
      const service = await client.get<Service>(resources.services, key);
      const address = service?.spec?.clusterIP;
      return startLoad({
        restUrl: `http://${address}:8501`,
        grpcAddress: `${address}:8500`,
        model: "simple_model",
        key: `${namespace}/${key.name}`,
        row: digit.pixels.map((grey) => grey / greyLevels),
        best: digit.label,
        restClients: 6,
        grpcClients: 4,
        pauseMs,
      });
    },
    async pods(selection = { namespace, labelSelector: deploymentSelectorText(key.name) }) {
      return (await client.list<Pod>(resources.pods, selection)).items;
    },
    close: () => transport.close(),
  };
}

/** Whether Ready is True and no rollout is in progress. */
export function isReady({ status }: ModelDeployment): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return status?.candidate === undefined && ready?.status === "True";
}

/** Kills the processes of a pod's container, as the kernel does when memory runs out. Throws if there are none on this machine. */
export function killPod({ metadata: { name } }: Stored): void {
  const ids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  const found = ids.filter((id) => environmentOf(id).includes(`HOSTNAME=${name}\0`));
  if (found.length === 0) throw new Error(`no process of pod ${name}`);
  for (const id of found) process.kill(Number(id), "SIGKILL");
}

function environmentOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/environ`, "utf8");
  } catch {
    return ""; // the process has ended meanwhile
  }
}
