import { resources } from "../../../operator/kube/resources.ts";
import type { ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import { revisionHash } from "../../../operator/model-deployment/plan/revisions.ts";
import { replicaSetName } from "../../../operator/model-deployment/resources/names.ts";
import type { ObservedObject } from "../../../operator/model-deployment/plan/action.ts";
import { annotations, labels } from "../../../operator/model-deployment/resources/labels.ts";
import type { TimedFault } from "../schedule/schedule.ts";
import { setGatewayReady } from "./gateway-pods.ts";
import type { World } from "./world.ts";

type FaultEffect = (world: World, amount: number) => unknown;

/** The effects of timed faults; lasting faults end by themselves. */
export const faultEffects: Readonly<Record<TimedFault, FaultEffect>> = {
  crash: (world, amount) => {
    const one = picked(world.running, amount);
    if (one !== undefined) world.crash(one.process);
  },
  outage: (world, amount) => {
    world.activeFaults.outageUntilMs = world.clock.monotonic() + amount * 40_000;
    for (const { hangUp } of world.running) hangUp();
  },
  blind: ({ activeFaults, clock }, amount) => {
    activeFaults.blindUntilMs = clock.monotonic() + amount * 30_000;
  },
  "stale-state": ({ activeFaults, clock, server }, amount) => {
    activeFaults.stale = { untilMs: clock.monotonic() + amount * 15_000, revision: server.store.revision() };
  },
  "second-leader": (world, amount) => {
    const { process } = world.startOperator(false);
    world.clock.after(2_000 + amount * 20_000, () => {
      process.kill();
      const index = world.running.findIndex((one) => one.process === process);
      if (index >= 0) (world.running as unknown[]).splice(index, 1);
    });
  },
  pause: (world, amount) => {
    const one = picked(world.running, amount);
    one?.process.pause();
    world.clock.after(1_000 + amount * 25_000, () => one?.process.resume());
  },
  "clock-forward": ({ running }, amount) => picked(running, amount)?.process.jump(3_600_000),
  "clock-back": ({ running }, amount) => picked(running, amount)?.process.jump(-3_600_000),
  "slow-collection": (world, amount) => {
    world.collectsFromMs = world.clock.monotonic() + amount * 20_000;
  },
  "delete-child": (world, amount) => {
    const { client, server } = world;
    const found = [
      ...childKinds.flatMap((resource) => children(server, resource).map(({ name }) => ({ resource, name }))),
      ...replaceableSets(world).map(({ name }) => ({ resource: resources.replicaSets, name })),
    ];
    const child = picked(found, amount);
    return child && client.remove(child.resource, { namespace: "default", name: child.name });
  },
  "edit-child": ({ client, server }, amount) => {
    const service = picked(children(server, resources.services), 0);
    if (service === undefined) return undefined;
    const key = { namespace: "default", name: service.name };
    const patch =
      amount < 0.5
        ? { metadata: { labels: { "foreign.example/team": `team-${Math.floor(amount * 100)}` } } }
        : { spec: { ports: [{ name: "http", port: 8_501, targetPort: 1, protocol: "TCP" }] } };
    return client.mergePatch(resources.services, key, patch);
  },
  "edit-replica-set": ({ client, server }, amount) => {
    const set = picked(children(server, resources.replicaSets), (amount * 7) % 1);
    if (set === undefined) return undefined;
    const patch =
      amount < 0.6
        ? { spec: { replicas: Math.floor(amount * 8) } }
        : { metadata: { annotations: { [annotations.retiredAt]: amount < 0.8 ? null : "2030-01-01T00:00:00.000Z" } } };
    return client.mergePatch(resources.replicaSets, { namespace: "default", name: set.name }, patch);
  },
  "kill-pod": ({ client, server }, amount) => {
    const pod = picked(children(server, resources.pods), amount);
    return pod && client.remove(resources.pods, { namespace: "default", name: pod.name });
  },
  "kind-missing": ({ activeFaults, clock, running }, amount) => {
    activeFaults.missing = amount < 0.7 ? "/modeldeployments" : "/replicasets";
    for (const { hangUp } of running) hangUp();
    clock.after(amount * 20_000, () => void (activeFaults.missing = undefined));
  },
  "gateway-leaves": ({ gateways }, amount) => gateways.leave(Math.floor(amount * 2)),
  "gateway-deaf": ({ gateways }, amount) => gateways.deafen(Math.floor(amount * 2), ((amount * 13) % 1) * 20_000),
  "gateway-unready": ({ server, clock }, amount) => {
    const index = Math.floor(amount * 2);
    clock.after(1_000 + ((amount * 17) % 1) * 10_000, () => setGatewayReady(server, index, true));
    setGatewayReady(server, index, false);
  },
  compact: ({ server }) => server.store.compact(),
};

/** ReplicaSets that operators can recreate: those of the current spec. The specs of other revisions are no longer known. */
function replaceableSets({ server, isOverlapping }: World): readonly Pick<ObservedObject, "name">[] {
  const wanted = server.store
    .collection("modeldeployments.modelwright.dev")
    .records("default")
    .map(({ object }) => replicaSetName(object.metadata.name, revisionHash(object["spec"] as ModelDeploymentSpec))); // as the CRD says
  return isOverlapping ? [] : children(server, resources.replicaSets).filter(({ name }) => wanted.includes(name));
}

const childKinds = [
  resources.services,
  resources.serviceAccounts,
  resources.endpointSlices,
  resources.podDisruptionBudgets,
] as const;

function children(
  server: World["server"],
  { plural, group }: { plural: string; group: string },
): readonly Pick<ObservedObject, "name">[] {
  return server.store
    .collection(`${plural}.${group}`)
    .records("default")
    .filter(({ object }) => JSON.stringify(object.metadata["labels"] ?? {}).includes(labels.deployment))
    .map(({ object }) => object.metadata);
}

function picked<T>(items: readonly T[], amount: number): T | undefined {
  return items[Math.floor(amount * items.length)];
}
