import { createClient, type Client } from "../../../operator/kube/client.ts";
import type { KubeRequest, Transport } from "../../../operator/kube/transport.ts";
import { resources } from "../../../operator/kube/resources.ts";
import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import { type Controllers, startControllers } from "../../../operator/local/controllers/controllers.ts";
import { gatewayLabels, systemNamespace } from "../../../operator/model-deployment/resources/labels.ts";
import { type Operator, startOperator } from "../../../operator/operator.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { createManualClock, type ManualClock } from "../../builders/manual-clock.ts";
import { settings } from "../../builders/model-deployment.ts";
import { type Chance, createChance, seededRandom } from "../schedule/random.ts";
import { faultyTransport, type Weather } from "./faulty-transport.ts";
import { createGateways, type Gateways } from "./gateways.ts";
import { startKubelet } from "./kubelet.ts";
import { createLedger, type Ledger, subjectOf } from "./ledger.ts";
import { createModelFacts } from "./model-facts.ts";
import { createProcess, type Process } from "./process.ts";
import type { Stage } from "./stage.ts";

/** An operator with the process it runs in. */
export interface Running {
  readonly process: Process;
  readonly name: string;
  operator: Operator | undefined;
  /** Every connection to the API server breaks. */
  readonly hangUp: () => void;
}

/** A cluster on a clock of its own: API server, stand-in controllers, kubelet, gateways and operators. */
export interface World {
  readonly clock: ManualClock;
  readonly chance: Chance;
  readonly server: ApiServer;
  /** Everybody but the operators. */
  readonly client: Client;
  readonly gateways: Gateways;
  readonly weather: Weather;
  readonly ledger: Ledger;
  /** Operators whose process lives. */
  readonly running: readonly Running[];
  /** Writes of anybody so far, those of leases left out. */
  readonly changes: number;
  /** Whether there ever was more than one operator at a time. */
  readonly isContested: boolean;
  /** Until then garbage waits. */
  collectsFromMs: number;
  /** The user does not wait for one change to be carried out before the next. */
  isHurried: boolean;
  startOperator(lease: boolean): Running;
  /** Kills an operator; another one starts a little later. */
  crash(process: Process): void;
  advance(ms: number): Promise<void>;
  end(): Promise<void>;
}

export const gatewayNames = ["gateway-a", "gateway-b"];

export async function createWorld(stage: Stage, seed: number, log = silentLog): Promise<World> {
  const { server } = stage;
  const clock = createManualClock();
  const chance = createChance(seededRandom(seed));
  stage.reset(clock, chance.fraction);
  const client = createClient({ transport: server, fieldManager: "user", clock });
  const ledger = createLedger();
  const gateways = createGateways(gatewayNames, clock, chance);
  const facts = createModelFacts(server, clock);
  const running: Running[] = [];
  let isOver = false;
  let changes = 0;
  let isContested = false;
  const uncount = server.store.subscribe(({ collection }) => {
    if (collection !== "leases.coordination.k8s.io") changes += 1;
  });
  let operators = 0;
  const weather: Weather = {
    requestTrouble: () => undefined,
    eventTrouble: () => undefined,
    outageUntilMs: 0,
    missing: undefined,
    stale: undefined,
    isHealed: false,
    healings: 0,
  };
  await startGatewayPods(client);
  const kubelet = startKubelet({ server, clock, chance });
  const controllers = await settled(
    clock,
    startControllers({ transport: withoutEvents(server), clock, random: chance.fraction }),
  );
  const startRunning = (isContending: boolean): Running => {
    const process = createProcess(clock);
    const name = `operator-${operators++}`;
    const transport = faultyTransport({ server, clock, chance, process, name, weather, ledger, crash });
    const started: Running = { process, name, operator: undefined, hangUp: () => transport.hangUp() };
    running.push(started);
    isContested ||= running.length > 1;
    const restart = (): void => {
      if (!process.isAlive) return;
      process.kill();
      running.splice(running.indexOf(started), 1);
      clock.after(1_000 + chance.fraction() * 2_000, () => {
        if (!isOver) startRunning(isContending);
      });
    };
    restarts.set(process, restart);
    const operator = startOperator({
      transport,
      settings: settings(),
      gatewayNamespace: systemNamespace,
      log: log.with({ operator: name }),
      routes: { host: "", port: 0 },
      clock: process.clock,
      random: chance.fraction,
      network: { routePush: gateways.routePush(process), modelFacts: facts.source(process) },
      ...(isContending
        ? { lease: { namespace: systemNamespace, name: "modelwright", identity: name }, onLeaseLost: restart }
        : {}),
    });
    void operator.then((one) => (started.operator = one));
    return started;
  };
  const restarts = new Map<Process, () => void>();
  function crash(process: Process): void {
    restarts.get(process)?.();
  }
  const world: World = {
    clock,
    chance,
    server,
    client,
    gateways,
    weather,
    ledger,
    running,
    get isContested() {
      return isContested;
    },
    get changes() {
      return changes;
    },
    collectsFromMs: 0,
    isHurried: false,
    startOperator: startRunning,
    crash,
    async advance(ms) {
      const untilMs = clock.monotonic() + ms;
      while (clock.monotonic() < untilMs) {
        await clock.advance(Math.min(500, untilMs - clock.monotonic()));
        if (clock.monotonic() >= world.collectsFromMs) server.garbage.settle();
      }
    },
    async end() {
      isOver = true;
      uncount();
      for (const { process } of running) process.kill();
      kubelet.stop();
      await settled(clock, stopped(controllers, clock));
    },
  };
  await clock.advance(0);
  return world;
}

/** Stopping waits for nothing but promises; should it wait for a timer, time goes on. */
async function stopped(controllers: Controllers, clock: ManualClock): Promise<void> {
  const stopping = controllers.stop();
  await clock.settle();
  await stopping;
}

/** Lets promises settle until this one has. */
async function settled<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  const results: unknown[] = [];
  promise.then(
    (value) => results.push(value),
    (thrown: unknown) => results.push(thrown),
  );
  for (let turns = 0; results.length === 0 && turns < 100; turns += 1) await clock.advance(10);
  return promise;
}

async function startGatewayPods(client: Client): Promise<void> {
  for (const [index, name] of gatewayNames.entries()) {
    const metadata = { name, namespace: systemNamespace, labels: gatewayLabels };
    const spec = { containers: [{ name: "gateway", image: "modelwright/runtime:1.0.0" }], nodeName: "node" };
    await client.create(resources.pods, { apiVersion: "v1", kind: "Pod", metadata, spec } as never); // the kind's own fields
    await setGatewayReady(client, index, true);
  }
}

/** Plays a gateway's readiness probe. */
export async function setGatewayReady(client: Client, index: number, isReady: boolean): Promise<void> {
  const name = gatewayNames[index % gatewayNames.length] ?? "";
  const conditions = [{ type: "Ready", status: isReady ? "True" : "False" }];
  const status = { phase: "Running", podIP: `10.9.0.${1 + (index % gatewayNames.length)}`, conditions };
  await client.mergePatch(resources.pods, { namespace: systemNamespace, name }, { status }, { subresource: "status" });
}

/** The stand-in controllers' way: their events are not kept, and their pods have a node from the start. */
function withoutEvents(server: ApiServer): Transport {
  const placed = (request: KubeRequest): KubeRequest => {
    const { plural } = subjectOf(request);
    if (plural !== "pods" || request.method !== "POST" || typeof request.body !== "string") return request;
    const pod = JSON.parse(request.body) as { spec: object }; // a pod of the stand-in controller
    return { ...request, body: JSON.stringify({ ...pod, spec: { ...pod.spec, nodeName: "node" } }) };
  };
  return {
    send: (request) =>
      subjectOf(request).plural === "events"
        ? Promise.resolve({ status: 201, headers: {}, body: "{}" })
        : server.send(placed(request)),
    open: (request) => server.open(request),
    close: () => Promise.resolve(),
  };
}
