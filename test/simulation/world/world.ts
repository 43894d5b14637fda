import { createClient, type Client } from "../../../operator/kube/client.ts";
import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import { systemNamespace } from "../../../operator/model-deployment/resources/labels.ts";
import { type Operator, startOperator } from "../../../operator/operator.ts";
import { type Log, silentLog } from "../../../runtime/base/log.ts";
import { settings } from "../../builders/model-deployment.ts";
import { type Chance, createChance, seededRandom } from "../schedule/random.ts";
import { createConduct } from "./conduct.ts";
import { faultyTransport, type Weather } from "./faulty-transport.ts";
import { createGateways, type Gateways } from "./gateways.ts";
import { startKubelet } from "./kubelet.ts";
import { createGatewayPods, gatewayNames } from "./gateway-pods.ts";
import { isJudgement } from "./judgement.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { createModelFacts } from "./model-facts.ts";
import { createProcess, type Process } from "./process.ts";
import { madeBefore, type SavedState } from "./saved-state.ts";
import { startReplicaSets } from "./replica-sets.ts";
import type { Stage } from "./stage.ts";
import { createWorldClock, type WorldClock } from "./world-clock.ts";

/** When worlds begin that begin with nothing. */
export const beginMs = Date.UTC(2030, 0, 1);

/** An operator with the process it runs in. */
export interface Running {
  readonly process: Process;
  readonly name: string;
  operator: Operator | undefined;
  /** Every connection to the API server breaks. */
  readonly hangUp: () => void;
  /** Its watches that lost something end. */
  readonly endLacking: () => void;
}

/** A cluster on a clock of its own: API server, stand-in controllers, kubelet, gateways and operators. */
export interface World {
  readonly clock: WorldClock;
  readonly chance: Chance;
  readonly server: ApiServer;
  /** Everybody but the operators. */
  readonly client: Client;
  readonly gateways: Gateways;
  readonly weather: Weather;
  readonly ledger: Ledger;
  /** Operators whose process lives. */
  readonly running: readonly Running[];
  /** Writes of anybody so far, those of leases left out, and those that say nothing but how a candidate was judged again. */
  readonly changes: number;
  /** Whether there ever was more than one operator at a time. */
  readonly isContested: boolean;
  /** Until then garbage waits. */
  collectsFromMs: number;
  /** The user does not wait for one change to be carried out before the next. */
  isHurried: boolean;
  /** A quota of pods; undefined: none. */
  limitPods(most: number | undefined): void;
  startOperator(lease: boolean): Running;
  /** Kills an operator; another one starts a little later. */
  crash(process: Process): void;
  advance(ms: number): Promise<void>;
  end(): Promise<void>;
}

export interface WorldOptions {
  readonly log?: Log | undefined;
  /** Begins where another world was at rest, not in an empty cluster. */
  readonly begin?: SavedState | undefined;
  /** Requests are played, and candidates are tried and judged. */
  readonly isJudging?: boolean | undefined;
}

export async function createWorld(
  stage: Stage,
  seed: number,
  { log = silentLog, begin, isJudging = false }: WorldOptions = {},
): Promise<World> {
  const { server } = stage;
  const clock = createWorldClock(beginMs + (begin?.elapsedMs ?? 0));
  const chance = createChance(seededRandom(seed));
  stage.reset(clock, chance.fraction, begin);
  const client = createClient({ transport: server, fieldManager: "user", clock });
  const ledger = createLedger();
  const gateways = createGateways(gatewayNames, { clock, chance, routes: begin?.routes ?? [] });
  const facts = createModelFacts(server, clock);
  const conduct = isJudging ? createConduct({ server, clock, gateways }) : undefined;
  const running: Running[] = [];
  let isOver = false;
  let changes = 0;
  let isContested = false;
  let isCollecting = false;
  const collect = (): void => {
    const waitsMs = world.collectsFromMs - clock.monotonic();
    if (waitsMs > 0) return void clock.after(waitsMs, collect);
    isCollecting = false;
    server.garbage.settle();
  };
  const uncount = server.store.subscribe((change) => {
    if (change.collection === "leases.coordination.k8s.io") return;
    if (isJudging && isJudgement(change)) return void (ledger.judgements += 1);
    changes += 1;
    if (isCollecting) return;
    isCollecting = true;
    clock.after(500, collect);
  });
  let operators = 0;
  const weather: Weather = {
    requestTrouble: () => undefined,
    eventTrouble: () => undefined,
    outageUntilMs: 0,
    blindUntilMs: 0,
    missing: undefined,
    stale: undefined,
    isHealed: false,
  };
  if (begin === undefined) createGatewayPods(server);
  else clock.after(500, collect);
  const playing = { server, clock, chance, podsBefore: begin === undefined ? 0 : madeBefore };
  const replicaSets = startReplicaSets(playing);
  const played = [startKubelet(playing), replicaSets];
  const judging = (process: Process) => (conduct === undefined ? {} : { signals: conduct.sources(process) });
  const startRunning = (isContending: boolean): Running => {
    const process = createProcess(clock);
    const name = `operator-${operators++}`;
    const transport = faultyTransport({ server, clock, chance, process, name, weather, ledger, crash });
    const started: Running = {
      process,
      name,
      operator: undefined,
      hangUp: () => transport.hangUp(),
      endLacking: () => transport.endLacking(),
    };
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
      network: { routePush: gateways.routePush(process), modelFacts: facts.source(process), ...judging(process) },
      ...(isContending ? { lease: { namespace: systemNamespace, name: "modelwright", identity: name } } : {}),
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
    limitPods: (most) => replicaSets.limit(most),
    startOperator: startRunning,
    crash,
    advance: (ms) => clock.advance(ms),
    end() {
      isOver = true;
      uncount();
      for (const { process } of running) process.kill();
      for (const one of played) one.stop();
      return Promise.resolve();
    },
  };
  await clock.advance(0);
  return world;
}
