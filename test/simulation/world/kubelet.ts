import { createClient } from "../../../operator/kube/client.ts";
import type { Pod } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";
import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import type { Chance } from "../schedule/random.ts";

export interface KubeletOptions {
  readonly server: ApiServer;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** Model files whose pods exit instead of becoming ready begin with this. */
export const badModel = "bad";

/** Plays the kubelet: pods become ready or fail after a while, and stop some time after they were asked to. */
export function startKubelet({ server, clock, chance }: KubeletOptions): { stop(): void } {
  const client = createClient({ transport: server, fieldManager: "kubelet", clock });
  let addresses = 0;
  const known = new Set<string>();
  const later = (ms: number, work: () => Promise<unknown>): void => {
    clock.after(ms, () => void work().catch(() => {}));
  };
  const stop = server.store.collection("pods.").subscribe(({ type, record }) => {
    const pod = record.object as unknown as Pod & { metadata: { name: string; namespace: string; uid: string } }; // the collection holds pods
    const { name, namespace, uid, deletionTimestamp } = pod.metadata;
    if (type === "ADDED" && namespace === "default") {
      const podIP = `10.0.${Math.floor(addresses / 250)}.${1 + (addresses++ % 250)}`;
      later(chance.whole(300, 4_000), () =>
        client.mergePatch(
          resources.pods,
          { namespace, name },
          { metadata: { uid }, status: started(pod, podIP, clock) },
          { subresource: "status" },
        ),
      );
    }
    if (type !== "DELETED" && deletionTimestamp !== undefined && !known.has(uid)) {
      known.add(uid);
      later(chance.whole(200, 3_000), () =>
        client.remove(resources.pods, { namespace, name }, { preconditions: { uid }, gracePeriodSeconds: 0 }),
      );
    }
  });
  return { stop };
}

function started(pod: Pod, podIP: string, clock: Clock): Pod["status"] {
  const isBad = JSON.stringify(pod.spec).includes(`${badModel}-`);
  const message = JSON.stringify({ code: "DigestMismatch", message: "the model is not what was promised" });
  const lastTransitionTime = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  return {
    phase: "Running",
    podIP,
    conditions: [{ type: "Ready", status: isBad ? "False" : "True", lastTransitionTime }],
    containerStatuses: [
      {
        name: "runtime",
        ready: !isBad,
        restartCount: 0,
        image: "runtime",
        imageID: "",
        state: isBad ? { terminated: { exitCode: 65, reason: "Error", message } } : { running: {} },
      },
    ],
  };
}
