import { type Figure, quantile } from "../figures.ts";
import { cpuMs } from "../process-figures.ts";
import { bareCreation, type BareTimes } from "./bare-process.ts";
import type { OperatorProcess } from "./operator-process.ts";
import type { Scene } from "./scene.ts";

/** The operator's user agent. */
export const operatorAgent = "modelwright-operator";
const goals = { createdMs: 6_000, bareShare: 0.75 };

/** Creates all ModelDeployments and waits until each has its status, with the operator and with bare loops. */
export async function creation({ api, size }: Scene, operator: OperatorProcess): Promise<readonly Figure[]> {
  await api.resetCounts();
  const begunCpuMs = cpuMs(operator.pid);
  const isCreated = api.create(0, size);
  const wallMs = await api.untilStatuses(size);
  await isCreated;
  const took = { wallMs, cpuMs: cpuMs(operator.pid) - begunCpuMs };
  await api.untilQuiet(500);
  const { counts } = await api.requestCounts(operatorAgent);
  const [write, read] = [await bareCreation("write", size), await bareCreation("read", size)];
  console.log(`create, an object: ${perObject(counts, size)}`);
  return [requests(counts, size), ...speeds(size, took, { write, read })];
}

/** Requests per object, such as `1 POST services, 2 POST events`. */
function perObject(counts: Readonly<Record<string, number>>, size: number): string {
  return Object.entries(counts)
    .filter(([label]) => !/^WATCH|leases$|^GET modelwright\.dev/.test(label))
    .map(([label, count]) => `${count / size} ${label}`)
    .join(", ");
}

function requests(counts: Readonly<Record<string, number>>, size: number): Figure {
  const sum = (pattern: RegExp): number =>
    Object.entries(counts).reduce((total, [label, count]) => total + (pattern.test(label) ? count : 0), 0);
  const children = sum(/^POST (?!events|leases)/) / size;
  const statuses = sum(/^PATCH modeldeployments\/status$/) / size;
  const reads = sum(/^GET (?!modelwright\.dev|leases)/);
  return {
    figure: `create ${size}: requests of the operator`,
    goal: "children + 1 status, 0 GET",
    measured: `${children} children + ${statuses} status, ${reads} GET`,
    isMet: children === 5 && statuses === 1 && reads === 0,
  };
}

function speeds(
  size: number,
  took: BareTimes,
  bare: { readonly write: BareTimes; readonly read: BareTimes },
): Figure[] {
  const share = (loop: BareTimes): number => loop.cpuMs / took.cpuMs;
  const shown = ({ wallMs, cpuMs }: BareTimes): string =>
    `${(wallMs / 1_000).toFixed(1)} s, CPU ${(cpuMs / 1_000).toFixed(1)} s`;
  const against = `${share(bare.read).toFixed(2)} of one that reads back what it owns (${shown(bare.read)}), ${share(bare.write).toFixed(2)} of one that does not (${shown(bare.write)})`;
  const rate: Figure = {
    figure: `create ${size}: a bare loop's CPU time / ours`,
    goal: `≥ ${goals.bareShare}`,
    measured: against,
    isMet: share(bare.write) >= goals.bareShare,
  };
  const goalMs = (goals.createdMs * size) / 10_000;
  const time: Figure = {
    figure: `create and reconcile ${size}`,
    goal: `≤ ${goalMs / 1_000} s`,
    measured: shown(took),
    isMet: took.wallMs <= goalMs,
  };
  return [time, rate];
}

/** Milliseconds as `p50 1.2, p99 3.4 ms`. */
export function percentiles(valuesMs: readonly number[]): string {
  return `p50 ${quantile(valuesMs, 0.5).toFixed(1)}, p99 ${quantile(valuesMs, 0.99).toFixed(1)} ms`;
}
