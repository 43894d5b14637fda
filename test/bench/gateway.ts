/**
 * The cost of a hop through the gateway: processor time per request, compared with a relay that parses nothing and with a minimal
 * proxy, and the latency it adds to a direct call. Rounds are interleaved (A-B-C-C-B-A).
 *
 *     npx node test/bench/gateway.ts [--seconds 1] [--rounds 16] [--connections 16] [--rate 1500]
 *
 * For latencies the generator has one core to itself, where it spins, and pod and proxy share the other: a pod on the generator's
 * core would wait milliseconds for it. Each pair of a direct call and a call through the gateway is measured back to back, twice a
 * round. A stall of the machine of ten milliseconds decides the p99 of a whole second but of few quarters, so p99 is the median
 * over quarter seconds; that of whole rounds is printed beside it. What the relay adds in the same rounds is the machine's share.
 *
 * Everything is measured twice: scheduled like every other program and, as root, in every second round with real-time priority
 * (SCHED_FIFO) for all programs of the bench.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../../operator/local/free-port.ts";
import { printFigures, quantile } from "./figures.ts";
import { benchRoute, startFakeOperator } from "./gateway/fake-operator.ts";
import {
  untilAnswered,
  moveToCore,
  pinnedProcess,
  startGatewayProcess,
  stopProcess,
} from "./gateway/gateway-process.ts";
import { type Hop, measureHop } from "./gateway/hop.ts";
import { hasRealtimePriority, setNormalPriority, setRealtimePriority } from "./gateway/realtime-priority.ts";
import { warmUp } from "./gateway/warm-up.ts";
import { pinned } from "./serving/running-server.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "1" },
    rounds: { type: "string", default: "16" },
    connections: { type: "string", default: "16" },
    rate: { type: "string", default: "1500" },
  },
});
const seconds = Number(values.seconds);
const saturating = { connections: Number(values.connections), seconds };
const paced = { ...saturating, rate: Number(values.rate) };

/** If direct calls take longer than this, other programs delay the pod by times that differ within a pair, and latencies are not judged. */
const quietP99Ms = 3;

const podPort = await freePort();
const barePort = await freePort();
const [program, rest] = pinned(1, process.execPath, [
  join(import.meta.dirname, "serving", "echo-server.ts"),
  String(podPort),
  "0.125",
]);
const relayPort = await freePort();
const relay = pinnedProcess(join(import.meta.dirname, "gateway", "bare-relay.ts"), [
  String(relayPort),
  String(podPort),
]);
const pod = spawn(program, rest, { stdio: "ignore" });
const bare = pinnedProcess(join(import.meta.dirname, "gateway", "bare-proxy.ts"), [String(barePort), String(podPort)]);
const operator = await startFakeOperator();
const gateway = await startGatewayProcess(operator.url);
type Time = "p50" | "p99" | "quarterP99";
type Figures = { readonly [Of in Time | "cpu"]: number[] };
interface Measured extends Hop {
  /** Figures by scheduling: normal, and with real-time priority. */
  readonly normal: Figures;
  readonly realtime: Figures;
}
const figures = (): Figures => ({ cpu: [], p50: [], p99: [], quarterP99: [] });
const hop = (name: string, port: number, pid = 0): Measured => {
  return { name, port, pid, normal: figures(), realtime: figures() };
};
const hops: readonly Measured[] = [
  hop("node:http and undici", barePort, bare.pid),
  hop("relay that parses nothing", relayPort, relay.pid),
  hop("direct", podPort, pod.pid),
  hop("gateway", gateway.restPort, gateway.pid),
];
const canBeRealtime = await hasRealtimePriority();
try {
  await untilAnswered(`http://127.0.0.1:${podPort}/`);
  await operator.push({ type: "full", version: 1, routes: [benchRoute(0, podPort)] });
  await warmUp(hops.map((hop) => async () => void (await measureHop(hop, saturating))));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    await measureAll("normal");
    if (!canBeRealtime || round % 2 === 1) continue;
    for (const { pid } of hops) await setRealtimePriority(pid);
    await measureAll("realtime");
    for (const { pid } of hops) await setNormalPriority(pid);
  }
  report("normal", "");
  if (canBeRealtime) report("realtime", ", real-time priority");
  else console.log("skipped: the same with real-time priority, for which chrt needs root");
} finally {
  operator.close();
  await gateway.stop();
  await Promise.all([stopProcess(pod), stopProcess(bare), stopProcess(relay)]);
}

/** A-B-C-C-B-A. */
async function measureAll(how: "normal" | "realtime"): Promise<void> {
  const order = [...hops, ...hops.toReversed()];
  const isRealtime = how === "realtime";
  await moveToCore(pod, 1);
  for (const hop of order) hop[how].cpu.push((await measureHop(hop, saturating, isRealtime)).cpuUs);
  await moveToCore(pod, 0);
  for (const hop of order) {
    const { p50, p99, quarterP99 } = await measureHop(hop, paced, isRealtime);
    hop[how].p50.push(p50);
    hop[how].p99.push(p99);
    hop[how].quarterP99.push(quarterP99);
  }
}

function report(how: "normal" | "realtime", suffix: string): void {
  const [proxy, least, direct, ours] = hops.map((hop) => hop[how]);
  if (direct === undefined || least === undefined || proxy === undefined || ours === undefined) return;
  const spread = (list: readonly number[], digits: number): string =>
    `${quantile(list, 0.5).toFixed(digits)} (${Math.min(...list).toFixed(digits)} to ${Math.max(...list).toFixed(digits)})`;
  for (const hop of hops) {
    const { cpu, p50, p99, quarterP99 } = hop[how];
    const times = `p50 ${spread(p50, 2)} ms, p99 ${spread(p99, 2)} ms, of quarters ${spread(quarterP99, 2)} ms`;
    console.log(`${hop.name}${suffix}: ${spread(cpu, 1)} us CPU a request; ${times}`);
  }
  const over = (other: readonly number[]): number[] => ours.cpu.map((cpu, i) => cpu / (other[i] ?? Number.NaN));
  const [bare, floor, ratios] = [over(direct.cpu), over(least.cpu), over(proxy.cpu)];
  const isQuiet = quantile(direct.quarterP99, 0.5) <= quietP99Ms;
  const addedBy = (hop: Figures, of: Time): number[] =>
    hop[of].map((value, i) => value - (direct[of][i] ?? Number.NaN));
  const added = (of: Time): number[] => addedBy(ours, of);
  const addedTimes = (hop: Figures): string =>
    `p50 ${spread(addedBy(hop, "p50"), 2)} ms, p99 ${spread(addedBy(hop, "p99"), 2)} ms, of quarters ${spread(addedBy(hop, "quarterP99"), 2)} ms`;
  console.log(`added by the relay${suffix}: ${addedTimes(least)}`);
  console.log(`added by the gateway${suffix}: ${addedTimes(ours)}`);
  printFigures([
    {
      figure: `gateway: CPU a request${suffix}`,
      goal: "≤ 35 us",
      measured: `${spread(ours.cpu, 1)} us`,
      isMet: quantile(ours.cpu, 0.5) <= 35,
    },
    {
      // The relay's time is that of the kernel and Node's sockets: two reads and two writes.
      figure: `gateway: CPU over a relay that parses nothing${suffix}`,
      goal: "≤ 1.25",
      measured: spread(floor, 2),
      isMet: quantile(floor, 0.5) <= 1.25,
    },
    {
      // On an idle machine a node:http server that answers itself takes 20 us.
      figure: `gateway: CPU over node:http that answers by itself${suffix}`,
      goal: "≤ 1.75",
      measured: spread(bare, 2),
      isMet: quantile(bare, 0.5) <= 1.75,
    },
    {
      figure: `gateway: CPU over node:http and undici passing through${suffix}`,
      goal: "≤ 1",
      measured: spread(ratios, 2),
      isMet: quantile(ratios, 0.5) <= 1,
    },
    {
      figure: `a direct call: p99 of a quarter second at ${values.rate} requests/s${suffix}`,
      goal: `≤ ${quietP99Ms} ms`,
      measured: `${spread(direct.quarterP99, 2)} ms`,
      isMet: isQuiet,
    },
    {
      figure: `gateway: added to p50 at ${values.rate} requests/s${suffix}`,
      goal: "≤ 0.5 ms",
      measured: `${spread(added("p50"), 2)} ms`,
      isMet: isQuiet && quantile(added("p50"), 0.5) <= 0.5,
    },
    {
      figure: `gateway: added to p99 of a quarter second at ${values.rate} requests/s${suffix}`,
      goal: "≤ 0.5 ms",
      measured: `${spread(added("quarterP99"), 2)} ms`,
      isMet: isQuiet && quantile(added("quarterP99"), 0.5) <= 0.5,
    },
  ]);
}
