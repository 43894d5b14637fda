import { modelDeploymentDefinition } from "../../../crds/v1alpha1/definition.ts";
import { createClient } from "../../../operator/kube/client.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { type ApiServer, createApiServer } from "../../../operator/local/api-server/api-server.ts";
import { systemNamespace } from "../../../operator/model-deployment/resources/labels.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import { createManualClock } from "../../builders/manual-clock.ts";
import { persistentCollections, firstNewNumber, type SavedState } from "./saved-state.ts";

/**
 * An API-server model that many schedules use in turn: compiling the CustomResourceDefinition takes as long as a schedule
 * does.
 */
export interface SharedServer {
  readonly server: ApiServer;
  /** Resets the server for a new world, optionally to a saved state. */
  reset(clock: Clock, random: () => number, begin?: SavedState): void;
}

export async function createSharedServer(): Promise<SharedServer> {
  let clock: Clock = createManualClock();
  let random = (): number => 0.5;
  let uids = 0;
  let prefix = "stage";
  const server = createApiServer({
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, callback) => clock.after(ms, callback),
      sleep: (ms, signal) => clock.sleep(ms, signal),
    },
    random: () => random(),
    newUid: () => `${prefix}-${String(uids++).padStart(5, "0")}`,
    collection: "stepwise",
  });
  const client = createClient({ transport: server, fieldManager: "test", clock });
  await client.create(resources.customResourceDefinitions, modelDeploymentDefinition);
  await client.create(resources.namespaces, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: systemNamespace },
  });
  prefix = "uid";
  return {
    server,
    reset(nextClock, nextRandom, begin) {
      [clock, random, uids] = [nextClock, nextRandom, begin === undefined ? 0 : firstNewNumber];
      const { store, garbage } = server;
      for (const collection of store.collections()) {
        if (persistentCollections.has(collection.key)) continue;
        for (const { object } of collection.records("")) store.remove(collection, object);
      }
      garbage.settle();
      for (const { collection, object } of begin?.objects ?? []) store.put(store.collection(collection), object);
      store.compact();
    },
  };
}
