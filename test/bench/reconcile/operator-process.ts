import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../../operator/local/free-port.ts";
import { metricNames } from "../../../runtime/contract/metric-names.ts";
import { adminPaths } from "../../../runtime/contract/paths.ts";

export interface OperatorProcessOptions {
  /** Port of the API server on 127.0.0.1, and the service account by which it is spoken to. */
  readonly apiPort: string;
  readonly folder: string;
  /** For `node` itself, as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[];
}

/** `operator/main.ts` in a pod's circumstances: service account, TLS, lease. */
export interface OperatorProcess {
  readonly pid: number | undefined;
  readonly child: ChildProcess;
  readonly routesUrl: string;
  /** When it was started, by `performance.now()`. */
  readonly begunMs: number;
  /** Milliseconds from its start until its caches are complete. */
  untilReady(): Promise<number>;
  /** Reconciles so far, from its metrics; 0 while they are not served. */
  reconciles(): Promise<number>;
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** The heap that Node gives itself in a container of 384 MiB, the chart's limit. */
const containerHeap = "--max-heap-size=256";

export async function startOperatorProcess(options: OperatorProcessOptions): Promise<OperatorProcess> {
  const { apiPort, folder, nodeOptions = [] } = options;
  const [routesPort, adminPort] = await Promise.all([freePort(), freePort()]);
  const flags = {
    "service-host": "127.0.0.1",
    "service-port": apiPort,
    "service-account": folder,
    "runtime-image": "modelwright/runtime:bench",
    host: "127.0.0.1",
    "routes-port": String(routesPort),
    "admin-port": String(adminPort),
    "drain-delay-ms": "20",
    "log-level": "warn",
  };
  const script = fileURLToPath(import.meta.resolve("../../../operator/main.ts"));
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  const begunMs = performance.now();
  const child = spawn(process.execPath, [containerHeap, ...nodeOptions, script, ...args], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? folder },
  });
  const admin = `http://127.0.0.1:${adminPort}`;
  return {
    pid: child.pid,
    child,
    routesUrl: `http://127.0.0.1:${routesPort}`,
    begunMs,
    metricsUrl: `${admin}${adminPaths.metrics}`,
    async untilReady() {
      const isReady = (): Promise<boolean> =>
        fetch(`${admin}${adminPaths.readyz}`).then(
          ({ ok }) => ok,
          () => false,
        );
      await until(isReady, (ready) => ready || child.exitCode !== null, 5);
      if (child.exitCode !== null) throw new Error(`the operator ended with code ${child.exitCode}`);
      return performance.now() - begunMs;
    },
    reconciles: () => reconciles(`${admin}${adminPaths.metrics}`),
    async stop(signal = "SIGTERM") {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, "exit");
      child.kill(signal);
      await exit;
    },
  };
}

async function reconciles(url: string): Promise<number> {
  const text = await fetch(url).then(
    (response) => response.text(),
    () => "",
  );
  const counts = text.matchAll(new RegExp(`^${metricNames.reconciles}\\{[^}]*\\} (\\d+)$`, "gm"));
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Asks until the answer will do. */
export async function until<T>(ask: () => Promise<T>, isEnough: (answer: T) => boolean, everyMs = 20): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isEnough(answer)) return answer;
    await sleep(everyMs);
  }
}
