/**
 * A minimal program with the operator's writes for each ModelDeployment: no plan, comparison, queue or metrics, and equal writes for
 * all. Prints `ready`, waits for COUNT objects, and prints a line of JSON: elapsed and processor milliseconds since the first object.
 *
 *     bare-loop.ts write|read|change PORT FOLDER COUNT
 *     bare-loop.ts write|read|change kubeconfig FILE COUNT
 *
 * `write` lists the ModelDeployments and reads nothing else; `read` also watches its objects, as every controller must, and keeps
 * them in maps; `change` does the same, and writes a ReplicaSet and the status whenever a spec changes, until it is stopped.
 */
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { createClient } from "../../../operator/kube/client.ts";
import { inClusterConnection, loadConnection } from "../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../operator/kube/http-transport.ts";
import type { KubeObject, Stored } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { startWatch } from "../../../operator/kube/watch/watch.ts";
import { createCaches } from "../../../operator/model-deployment/caches.ts";
import { systemNamespace } from "../../../operator/model-deployment/resources/labels.ts";
import { systemClock } from "../../../runtime/base/clock.ts";
import { bareChange, bareWrites } from "./bare-writes.ts";

type Deployment = ModelDeployment & Stored;

const [mode, port = "", folder = "", count = "0"] = process.argv.slice(2);
const size = Number(count);
const workers = 4;

const connection =
  port === "kubeconfig"
    ? await loadConnection({ kubeconfigPath: folder })
    : await inClusterConnection({ host: "127.0.0.1", port, folder });
const transport = createHttpTransport({ connection, userAgent: "bare-loop" });
const client = createClient({ transport, fieldManager: "modelwright" });

/** Watches the operator's kinds and keeps their objects in maps; resolves when all are synced. */
async function startWatches(
  onDeployment: (deployment: Deployment, before: Deployment | undefined) => void,
): Promise<void> {
  const synced = Object.values(createCaches(systemNamespace)).map(({ resource, selection }) => {
    const objects = new Map<string, KubeObject & Stored>();
    const first = Promise.withResolvers<void>();
    const put = (object: KubeObject & Stored): void => {
      const before = objects.get(object.metadata.uid);
      objects.set(object.metadata.uid, object);
      if (resource.kind !== resources.modelDeployments.kind) return;
      onDeployment(object as Deployment, before as Deployment | undefined); // of its watch
    };
    const replace = (all: readonly (KubeObject & Stored)[]): void => {
      all.forEach(put);
      first.resolve();
    };
    const remove = ({ metadata }: KubeObject & Stored): void => void objects.delete(metadata.uid);
    startWatch<KubeObject>({ client, resource, selection, sink: { replace, upsert: put, remove, bookmark: () => {} } });
    return first.promise;
  });
  await Promise.all(synced);
}

const waiting: Deployment[] = [];
const sleepers: (() => void)[] = [];
let begun: { readonly ms: number; readonly cpu: NodeJS.CpuUsage } | undefined;
let taken = 0;

function found(deployment: Deployment): void {
  begun ??= { ms: performance.now(), cpu: process.cpuUsage() };
  waiting.push(deployment);
  sleepers.shift()?.();
}

async function work(): Promise<void> {
  while (taken < size) {
    const deployment = waiting.shift();
    if (deployment === undefined) {
      await new Promise<void>((resolve) => sleepers.push(resolve));
      continue;
    }
    taken += 1;
    for (const write of bareWrites(client, deployment)) await write();
  }
  for (const wake of sleepers.splice(0)) wake();
}

async function changes(): Promise<void> {
  await startWatches((deployment, before) => {
    if (before !== undefined && before.metadata.generation !== deployment.metadata.generation) {
      void bareChange(client, deployment);
    }
  });
  console.log("ready");
}

async function creation(): Promise<void> {
  const working = Array.from({ length: workers }, work);
  if (mode === "read") await startWatches((deployment, before) => void (before ?? found(deployment)));
  console.log("ready");
  if (mode === "write") {
    for (let known: readonly Deployment[] = []; known.length < size; await systemClock.sleep(5)) {
      known = (await client.list<ModelDeployment>(resources.modelDeployments)).items;
      if (known.length === size) known.forEach(found);
    }
  }
  await Promise.all(working);
  const { user, system } = process.cpuUsage(begun?.cpu);
  console.log(JSON.stringify({ wallMs: performance.now() - (begun?.ms ?? 0), cpuMs: (user + system) / 1_000 }));
  process.exit();
}

await (mode === "change" ? changes() : creation());
