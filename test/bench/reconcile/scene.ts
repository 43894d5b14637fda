import { systemClock } from "../../../runtime/base/clock.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { subscription } from "../../../runtime/gateway/routing/subscription.ts";
import type { Outcome } from "./api/ledger.ts";
import { type ApiProcess, startApiProcess } from "./api-process.ts";
import { type OperatorProcess, startOperatorProcess, until } from "./operator-process.ts";

/** An API server with an operator on it, each in a process of its own, and a gateway that acknowledges what it is told. */
export interface Scene {
  readonly api: ApiProcess;
  /** How many ModelDeployments there are, `model-0` and on. */
  readonly size: number;
  /** One more operator; the first that is started leads. */
  startOperator(nodeOptions?: readonly string[]): Promise<OperatorProcess>;
  stopOperator(operator: OperatorProcess, signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Waits until every ModelDeployment is Ready and nobody writes any more. */
  untilSettled(): Promise<void>;
  /** Changes the replicas of a ModelDeployment by the seed: from 2 to 3, or back. */
  rescale(): Promise<Outcome>;
  /** A ModelDeployment by the seed. */
  readonly anyName: () => string;
  stop(): Promise<void>;
}

/** Longer than a busy machine leaves a process alone, so that what is to come has come. */
const quietMs = 3_000;
const lookMs = 200;

export async function startScene(size: number, random: () => number): Promise<Scene> {
  const api = await startApiProcess();
  const gateways = new Map<OperatorProcess, { readonly close: () => void }>();
  const anyName = (): string => `model-${Math.floor(random() * size)}`;
  /** Those that have three replicas. */
  const enlarged = new Set<string>();
  const stopOperator: Scene["stopOperator"] = async (operator, signal) => {
    gateways.get(operator)?.close();
    gateways.delete(operator);
    await operator.stop(signal);
  };
  return {
    api,
    size,
    async startOperator(nodeOptions = []) {
      const operator = await startOperatorProcess({ access: api, nodeOptions });
      const options = {
        gateway: "gateway",
        clock: systemClock,
        log: silentLog,
        apply: () => {},
        known: () => undefined,
      };
      gateways.set(operator, subscription({ operatorUrl: operator.routesUrl, ...options }));
      return operator;
    },
    stopOperator,
    async untilSettled() {
      await until(
        () => api.ready(),
        (ready) => ready === size,
        lookMs,
      );
      await api.untilQuiet(quietMs);
    },
    rescale() {
      const name = anyName();
      const replicas = enlarged.delete(name) ? 2 : 3;
      if (replicas === 3) enlarged.add(name);
      return api.change(name, { spec: { replicas } });
    },
    anyName,
    async stop() {
      await Promise.all([...gateways.keys()].map((operator) => stopOperator(operator, "SIGKILL")));
      await api.stop();
    },
  };
}

/** Waits until the operator has looked at this many more objects; milliseconds that took. */
export async function untilReconciled(operator: OperatorProcess, before: number, count: number): Promise<number> {
  const begunMs = performance.now();
  await until(
    () => operator.reconciles(),
    (reconciles) => reconciles >= before + count,
  );
  return performance.now() - begunMs;
}

/** mulberry32: small, and the same everywhere. */
export function seededRandom(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
