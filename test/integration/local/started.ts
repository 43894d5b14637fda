import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { type Client, createClient } from "../../../operator/kube/client.ts";
import { plainConnection } from "../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../operator/kube/http-transport.ts";
import { resources } from "../../../operator/kube/resources.ts";
import { freePort } from "../../../operator/local/free-port.ts";
import { alive, descendants, type Process } from "./processes.ts";
import { until } from "./client/until.ts";

/** How the command ended, and which of its processes ran on for longer than they should. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly left: readonly Process[];
}

/** The real `modelwright start`, on ports and a folder of its own. */
export interface Started {
  readonly pid: number;
  readonly restUrl: string;
  readonly grpcAddress: string;
  readonly apiUrl: string;
  readonly pageUrl: string;
  readonly apiPort: number;
  readonly dataFolder: string;
  readonly kubeconfigPath: string;
  /** What it printed up to now. */
  readonly lines: readonly string[];
  readonly stderr: readonly string[];
  /** Somebody who uses its API server over HTTP. */
  readonly client: Client;
  /** The first line from number `from` on that matches; waits for it. */
  line(pattern: RegExp, from?: number): Promise<string>;
  deployment(name: string): Promise<ModelDeployment | undefined>;
  /** Ends it by a signal and waits for all its processes. */
  end(signal: NodeJS.Signals): Promise<Ended>;
  /** Ends it as `docker stop` or systemd would. Throws unless it leaves nothing behind and exits with 0. */
  stop(): Promise<void>;
}

const command = fileURLToPath(import.meta.resolve("../../../operator/cli/modelwright.ts"));
/** Its children get this long after it is gone. */
const goneMs = 5_000;
const endMs = 60_000;

/** Starts it; `line` tells when it is as far as a test needs it. */
export async function started(args: readonly string[] = []): Promise<Started> {
  const [restPort, grpcPort, apiPort, pagePort] = await freePorts();
  const dataFolder = mkdtempSync(join(tmpdir(), "modelwright-start-"));
  const numbers = { "rest-port": restPort, "grpc-port": grpcPort, "api-port": apiPort, "page-port": pagePort };
  const ports = Object.entries(numbers).flatMap(([flag, port]) => [`--${flag}`, `${port}`]);
  const child = spawn(process.execPath, [command, "start", ...ports, "--data", dataFolder, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid = 0 } = child;
  const killed = (): boolean => child.kill("SIGKILL");
  process.once("exit", killed);
  const [lines, stderr] = [linesOf(child, "stdout"), linesOf(child, "stderr")];
  const exited = new Promise<Omit<Ended, "left">>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const transport = createHttpTransport({ connection: plainConnection(apiUrl) });
  const client = createClient({ transport, fieldManager: "test" });
  const end = async (signal: NodeJS.Signals): Promise<Ended> => {
    const known = descendants(pid);
    await transport.close();
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), endMs);
    const how = await exited;
    clearTimeout(timer);
    const left = await until(
      () => alive(known),
      (running) => running.length === 0,
      goneMs,
    ).catch(() => alive(known));
    process.removeListener("exit", killed);
    rmSync(dataFolder, { recursive: true, force: true });
    return { ...how, left };
  };
  return {
    pid,
    restUrl: `http://127.0.0.1:${restPort}`,
    grpcAddress: `127.0.0.1:${grpcPort}`,
    apiUrl,
    pageUrl: `http://127.0.0.1:${pagePort}`,
    apiPort,
    dataFolder,
    kubeconfigPath: join(dataFolder, "kubeconfig"),
    lines,
    stderr,
    client,
    line: (pattern, from = 0) => lineOf({ pattern, from, lines, stderr, child }),
    deployment: (name) => client.get<ModelDeployment>(resources.modelDeployments, { namespace: "default", name }),
    end,
    async stop() {
      const ended = await end("SIGTERM");
      const { code, left } = ended;
      if (code !== 0 || left.length > 0) throw new Error(`ended as ${JSON.stringify(ended)}: ${stderr.join("\n")}`);
    },
  };
}

/** Different ones: each is found by closing it again. */
async function freePorts(found: ReadonlySet<number> = new Set()): Promise<readonly [number, number, number, number]> {
  const [rest, grpc, api, page] = found;
  if (rest !== undefined && grpc !== undefined && api !== undefined && page !== undefined)
    return [rest, grpc, api, page];
  return freePorts(new Set([...found, await freePort()]));
}

function linesOf(child: ChildProcess, stream: "stdout" | "stderr"): readonly string[] {
  const lines: string[] = [];
  const input = child[stream];
  if (input !== null) createInterface({ input }).on("line", (line) => lines.push(line));
  return lines;
}

interface Awaited {
  readonly pattern: RegExp;
  readonly from: number;
  readonly lines: readonly string[];
  readonly stderr: readonly string[];
  readonly child: ChildProcess;
}

async function lineOf({ pattern, from, lines, stderr, child }: Awaited): Promise<string> {
  const found = (): string | undefined => lines.slice(from).find((line) => pattern.test(line));
  try {
    await until(found, (line) => line !== undefined || child.exitCode !== null);
  } catch {
    // Told below, with what it printed instead.
  }
  const line = found();
  if (line !== undefined) return line;
  throw new Error(`printed no line ${String(pattern)} but\n${[...lines, ...stderr].join("\n")}`);
}
