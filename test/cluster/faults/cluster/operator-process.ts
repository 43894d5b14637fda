import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { exitCodes } from "../../../../runtime/contract/exit-codes.ts";

const program = join(import.meta.dirname, "../../../../operator/main.ts");
/**
 * Ends the program when its parent ends. Flushes the compile cache after a second, since a killed process would leave none behind:
 * with it a start costs a fifth.
 */
const preload = `import { flushCompileCache } from "node:module";
const { ppid } = process;
setInterval(() => process.ppid === ppid || process.kill(process.pid, "SIGKILL"), 500).unref();
setTimeout(flushCompileCache, 1_000).unref();`;

/** Options of `startOperatorProcess`. */
export interface OperatorStart {
  /** Port of the API server on 127.0.0.1. */
  readonly apiPort: number;
  /** Folder of the service account. */
  readonly account: string;
  /** Namespace of the lease, the gateways and the watched ModelDeployments. */
  readonly namespace: string;
  readonly identity: string;
  /** Folder of the compile cache; absent: none. */
  readonly compiled?: string;
}

/** A process that runs the operator's program as a pod does. */
export interface OperatorProcess {
  readonly pid: number;
  /** Resolves with the port for gateways. */
  readonly routesPort: Promise<number>;
  /** Resolves when its caches are synced and it holds the lease. */
  readonly leads: Promise<void>;
  /** Resolves with the signal or exit status that it ended with. */
  readonly exited: Promise<string>;
  /** Lines of its log. */
  readonly log: readonly string[];
  /** Sends SIGKILL, as the kernel does when memory runs out: the process does nothing more after this returns. */
  kill(): void;
  stop(): Promise<void>;
}

/** Starts the operator's program; it ends with `kill` or `stop`. */
export function startOperatorProcess({
  apiPort,
  account,
  namespace,
  identity,
  compiled,
}: OperatorStart): OperatorProcess {
  const options = {
    "service-host": "127.0.0.1",
    "service-port": String(apiPort),
    "service-account": account,
    namespace,
    "watch-namespace": namespace,
    identity,
    "runtime-image": "modelwright/runtime:1.0.0",
    host: "127.0.0.1",
    "routes-port": "0",
    "admin-port": "0",
    "drain-delay-ms": "50",
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const node = ["--import", `data:text/javascript,${encodeURIComponent(preload)}`, program];
  const env = compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled };
  const child = spawn(process.execPath, [...node, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const end = once(child, "exit").then(() => child.signalCode ?? String(child.exitCode));
  const log: string[] = [];
  const runs = Promise.withResolvers<number>();
  const isSynced = Promise.withResolvers<void>();
  const isLeader = Promise.withResolvers<void>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      log.push(line);
      const port = /"routesPort":(\d+)/.exec(line)?.[1];
      if (port !== undefined) runs.resolve(Number(port));
      if (line.includes('"caches synced"')) isSynced.resolve();
      if (line.includes('"lease acquired"')) isLeader.resolve();
    });
  }
  return {
    pid: child.pid ?? -1,
    routesPort: runs.promise,
    leads: Promise.all([isSynced.promise, isLeader.promise]).then(() => {}),
    exited: end,
    log,
    kill: () => void child.kill("SIGKILL"),
    async stop() {
      child.kill("SIGTERM");
      const how = await end;
      if (how !== String(exitCodes.ok))
        throw new Error(`the operator ended with ${how}:\n${log.slice(-20).join("\n")}`);
    },
  };
}
