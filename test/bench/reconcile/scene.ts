import { systemClock } from "../../../runtime/base/clock.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { subscription } from "../../../runtime/gateway/routing/subscription.ts";
import type { Outcome } from "./api/request-log.ts";
import { type ApiProcess, startApiProcess } from "./api-process.ts";
import { type OperatorProcess, startOperatorProcess, until } from "./operator-process.ts";

/** An API server with operators, each in a separate process, and a gateway for each operator that acknowledges every table. */
export interface Scene {
  readonly api: ApiProcess;
  /** Number of ModelDeployments, which are named `model-0` and so on. */
  readonly size: number;
  /** Starts an operator; the first one leads. */
  startOperator(nodeOptions?: readonly string[]): Promise<OperatorProcess>;
  stopOperator(operator: OperatorProcess, signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Waits until every ModelDeployment is Ready and there are no more writes. */
  untilSettled(): Promise<void>;
  /** Changes the replicas of a random ModelDeployment from 2 to 3, or back. */
  rescale(): Promise<Outcome>;
  /** The name of a random ModelDeployment. */
  readonly anyName: () => string;
  stop(): Promise<void>;
}

/** Longer than a busy machine may delay a process, so that no more writes follow. */
const quietMs = 3_000;
const pollMs = 200;

/** Starts the API server for this number of ModelDeployments, which it does not create. */
export async function startScene(size: number, random: () => number): Promise<Scene> {
  const api = await startApiProcess();
  const gateways = new Map<OperatorProcess, { readonly close: () => void }>();
  const anyName = (): string => `model-${Math.floor(random() * size)}`;
  /** Names of ModelDeployments with three replicas. */
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
        () => api.countReady(),
        (ready) => ready === size,
        pollMs,
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

/** Waits until the operator has reconciled `count` more objects; resolves with the elapsed milliseconds. */
export async function untilReconciled(operator: OperatorProcess, before: number, count: number): Promise<number> {
  const begunMs = performance.now();
  await until(
    () => operator.reconciles(),
    (reconciles) => reconciles >= before + count,
  );
  return performance.now() - begunMs;
}
