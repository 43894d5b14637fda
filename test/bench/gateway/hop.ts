import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cpuMs } from "../process-figures.ts";
import { type Load, pinned } from "../serving/running-server.ts";
import { setRealtimePriorityOnceConnected } from "./realtime-priority.ts";
import type { LoadReport } from "../serving/load-report.ts";

/** A server to send requests to, and the process whose processor time is measured. */
export interface Hop {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
}

/** Results of one measurement; times in milliseconds. */
export interface HopFigures {
  readonly cpuUs: number;
  readonly p50: number;
  readonly p99: number;
  /** Median of the p99s of quarter seconds. */
  readonly quarterP99: number;
}

const generator = join(import.meta.dirname, "..", "serving", "load-generator.ts");
const body = JSON.stringify({ instances: [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]] });
/** A request with the headers that python-requests sends. */
const request = [
  "POST /v1/models/model-0:predict HTTP/1.1",
  "host: model-0.default.svc.cluster.local:8501",
  "user-agent: python-requests/2.32.3",
  "accept-encoding: gzip, deflate",
  "accept: */*",
  "connection: keep-alive",
  "content-type: application/json",
  `content-length: ${body.length}`,
  "",
  body,
].join("\r\n");

/** Loads a hop from the second core and measures it. Throws if an answer was wrong or missing. */
export async function measureHop(
  hop: Hop,
  { connections, seconds, rate }: Load,
  isRealtime = false,
): Promise<HopFigures> {
  const folder = await mkdtemp(join(tmpdir(), "modelwright-hop-"));
  const file = join(folder, "exchange.json");
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  await writeFile(file, JSON.stringify({ request: base64(request), answer: base64("0.125") }));
  const args = [generator, hop.port, connections, seconds, file, ...(rate === undefined ? [] : [rate])].map(String);
  const [program, rest] = pinned(1, process.execPath, args);
  const before = cpuMs(hop.pid);
  const running = promisify(execFile)(program, [...rest]);
  if (isRealtime) setRealtimePriorityOnceConnected(running.child);
  const { stdout } = await running;
  const usedMs = cpuMs(hop.pid) - before;
  await rm(folder, { recursive: true });
  const report = JSON.parse(stdout.slice(stdout.indexOf("{"))) as LoadReport; // printed by load-generator.ts
  if (report.wrong + report.failed + report.rejected > 0) throw new Error(`${hop.name}: ${stdout}`);
  const { requests, p50, p99, quarterP99 } = report;
  return { cpuUs: (usedMs * 1000) / requests, p50, p99, quarterP99 };
}
