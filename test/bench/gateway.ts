/**
 * What a hop through the gateway costs: processor time of the gateway per request beside that of a relay which reads nothing and
 * that of the barest proxy, and the time that it adds to a direct call, interleaved in rounds (there and back again).
 *
 *     npx node test/bench/gateway.ts [--seconds 1] [--rounds 16] [--connections 16] [--rate 1500]
 *
 * Times are taken with the generator alone on its core, where it spins, and pod and proxy on the other: a pod that shared the
 * generator's core would wait for it, by milliseconds. A direct call and one through the gateway are measured one right after the
 * other, twice in a round, and compared pair by pair. What stops the machine for ten milliseconds is the p99 of a whole second, and
 * falls upon few of many quarters of one: p99 is told of quarters, the median of all, and of whole rounds beside it. How much the
 * relay, which does nothing that could take time, adds in the same rounds says what of it is the machine's.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../../operator/local/free-port.ts";
import { printFigures, quantile } from "./figures.ts";
import { benchRoute, operatorSide } from "./gateway/operator-side.ts";
import { answering, moved, pinnedProcess, startedGateway, stopped } from "./gateway/started-gateway.ts";
import { type Hop, measured } from "./gateway/hop.ts";
import { warmUp } from "./gateway/warm-up.ts";
import { pinned } from "./serving/running.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "1" },
    rounds: { type: "string", default: "16" },
    connections: { type: "string", default: "16" },
    rate: { type: "string", default: "1500" },
  },
});
const seconds = Number(values.seconds);
const busy = { connections: Number(values.connections), seconds };
const calm = { ...busy, rate: Number(values.rate) };

/** Where direct calls wait for longer, other programs keep the pod from running, by times that differ from pair to pair. */
const quietMs = 3;

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
const operator = await operatorSide();
const gateway = await startedGateway(operator.url);
type Time = "p50" | "p99" | "quarterP99";
type Hops = readonly (Hop & { readonly cpu: number[] } & Readonly<Record<Time, number[]>>)[];
const hops: Hops = [
  { name: "node:http and undici", port: barePort, pid: bare.pid ?? 0, cpu: [], p50: [], p99: [], quarterP99: [] },
  { name: "relay that reads nothing", port: relayPort, pid: relay.pid ?? 0, cpu: [], p50: [], p99: [], quarterP99: [] },
  { name: "direct", port: podPort, pid: pod.pid ?? 0, cpu: [], p50: [], p99: [], quarterP99: [] },
  { name: "gateway", port: gateway.restPort, pid: gateway.pid, cpu: [], p50: [], p99: [], quarterP99: [] },
];
try {
  await answering(`http://127.0.0.1:${podPort}/`);
  await operator.push({ type: "full", version: 1, routes: [benchRoute(0, podPort)] });
  await warmUp(hops.map((hop) => async () => void (await measured(hop, busy))));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const thereAndBack = [...hops, ...hops.toReversed()];
    await moved(pod, 1);
    for (const hop of thereAndBack) hop.cpu.push((await measured(hop, busy)).cpuUs);
    await moved(pod, 0);
    for (const hop of thereAndBack) {
      const { p50, p99, quarterP99 } = await measured(hop, calm);
      hop.p50.push(p50);
      hop.p99.push(p99);
      hop.quarterP99.push(quarterP99);
    }
  }
  report();
} finally {
  operator.close();
  await gateway.stop();
  await Promise.all([stopped(pod), stopped(bare), stopped(relay)]);
}

function report(): void {
  const [proxy, least, direct, ours] = hops;
  if (direct === undefined || least === undefined || proxy === undefined || ours === undefined) return;
  const spread = (list: readonly number[], digits: number): string =>
    `${quantile(list, 0.5).toFixed(digits)} (${Math.min(...list).toFixed(digits)} to ${Math.max(...list).toFixed(digits)})`;
  for (const { name, cpu, p50, p99, quarterP99 } of hops) {
    const times = `p50 ${spread(p50, 2)} ms, p99 ${spread(p99, 2)} ms, of quarters ${spread(quarterP99, 2)} ms`;
    console.log(`${name}: ${spread(cpu, 1)} us CPU a request; ${times}`);
  }
  const over = (other: readonly number[]): number[] => ours.cpu.map((cpu, i) => cpu / (other[i] ?? Number.NaN));
  const [bare, floor, ratios] = [over(direct.cpu), over(least.cpu), over(proxy.cpu)];
  const isQuiet = quantile(direct.quarterP99, 0.5) <= quietMs;
  const addedBy = (hop: Hops[number], of: Time): number[] =>
    hop[of].map((value, i) => value - (direct[of][i] ?? Number.NaN));
  const added = (of: Time): number[] => addedBy(ours, of);
  const addedTimes = (hop: Hops[number]): string =>
    `p50 ${spread(addedBy(hop, "p50"), 2)} ms, p99 ${spread(addedBy(hop, "p99"), 2)} ms, of quarters ${spread(addedBy(hop, "quarterP99"), 2)} ms`;
  console.log(`added by the relay: ${addedTimes(least)}`);
  console.log(`added by the gateway: ${addedTimes(ours)}`);
  printFigures([
    {
      figure: "gateway: CPU a request",
      goal: "≤ 35 us",
      measured: `${spread(ours.cpu, 1)} us`,
      isMet: quantile(ours.cpu, 0.5) <= 35,
    },
    {
      // Whose time is the kernel's and Node's sockets': two reads and two writes.
      figure: "gateway: CPU over a relay that reads nothing",
      goal: "≤ 1.25",
      measured: spread(floor, 2),
      isMet: quantile(floor, 0.5) <= 1.25,
    },
    {
      // A server of node:http that answers itself costs 20 us where nothing else runs.
      figure: "gateway: CPU over node:http that answers by itself",
      goal: "≤ 1.75",
      measured: spread(bare, 2),
      isMet: quantile(bare, 0.5) <= 1.75,
    },
    {
      figure: "gateway: CPU over node:http and undici passing through",
      goal: "≤ 1",
      measured: spread(ratios, 2),
      isMet: quantile(ratios, 0.5) <= 1,
    },
    {
      figure: `a direct call: p99 of a quarter second at ${values.rate} requests/s, without which what is added says nothing`,
      goal: `≤ ${quietMs} ms`,
      measured: `${spread(direct.quarterP99, 2)} ms`,
      isMet: isQuiet,
    },
    {
      figure: `gateway: added to p50 at ${values.rate} requests/s`,
      goal: "≤ 0.5 ms",
      measured: `${spread(added("p50"), 2)} ms`,
      isMet: isQuiet && quantile(added("p50"), 0.5) <= 0.5,
    },
    {
      figure: `gateway: added to p99 of a quarter second at ${values.rate} requests/s`,
      goal: "≤ 0.5 ms",
      measured: `${spread(added("quarterP99"), 2)} ms`,
      isMet: isQuiet && quantile(added("quarterP99"), 0.5) <= 0.5,
    },
  ]);
}
