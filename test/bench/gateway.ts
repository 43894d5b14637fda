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
 *
 * All is measured twice: with these programs taking turns with all others of the machine, and, where root runs it, with all of them
 * before all others (SCHED_FIFO, each in the same way), in every second round.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../../operator/local/free-port.ts";
import { printFigures, quantile } from "./figures.ts";
import { benchRoute, operatorSide } from "./gateway/operator-side.ts";
import { answering, moved, pinnedProcess, startedGateway, stopped } from "./gateway/started-gateway.ts";
import { type Hop, measured } from "./gateway/hop.ts";
import { mayBeUrgent, urgent, usual } from "./gateway/urgency.ts";
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
type Figures = { readonly [Of in Time | "cpu"]: number[] };
interface Measured extends Hop {
  /** In turns with whatever else the machine does, and before all of that. */
  readonly shared: Figures;
  readonly urgent: Figures;
}
const figures = (): Figures => ({ cpu: [], p50: [], p99: [], quarterP99: [] });
const hop = (name: string, port: number, pid = 0): Measured => {
  return { name, port, pid, shared: figures(), urgent: figures() };
};
const hops: readonly Measured[] = [
  hop("node:http and undici", barePort, bare.pid),
  hop("relay that reads nothing", relayPort, relay.pid),
  hop("direct", podPort, pod.pid),
  hop("gateway", gateway.restPort, gateway.pid),
];
const canBeUrgent = await mayBeUrgent();
try {
  await answering(`http://127.0.0.1:${podPort}/`);
  await operator.push({ type: "full", version: 1, routes: [benchRoute(0, podPort)] });
  await warmUp(hops.map((hop) => async () => void (await measured(hop, busy))));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    await measureAll("shared");
    if (!canBeUrgent || round % 2 === 1) continue;
    for (const { pid } of hops) await urgent(pid);
    await measureAll("urgent");
    for (const { pid } of hops) await usual(pid);
  }
  report("shared", "");
  if (canBeUrgent) report("urgent", ", all programs of the bench before all others");
  else console.log("left out: the same with the programs of the bench before all others, for which chrt needs root");
} finally {
  operator.close();
  await gateway.stop();
  await Promise.all([stopped(pod), stopped(bare), stopped(relay)]);
}

/** There and back again. */
async function measureAll(how: "shared" | "urgent"): Promise<void> {
  const thereAndBack = [...hops, ...hops.toReversed()];
  const isUrgent = how === "urgent";
  await moved(pod, 1);
  for (const hop of thereAndBack) hop[how].cpu.push((await measured(hop, busy, isUrgent)).cpuUs);
  await moved(pod, 0);
  for (const hop of thereAndBack) {
    const { p50, p99, quarterP99 } = await measured(hop, calm, isUrgent);
    hop[how].p50.push(p50);
    hop[how].p99.push(p99);
    hop[how].quarterP99.push(quarterP99);
  }
}

function report(how: "shared" | "urgent", told: string): void {
  const [proxy, least, direct, ours] = hops.map((hop) => hop[how]);
  if (direct === undefined || least === undefined || proxy === undefined || ours === undefined) return;
  const spread = (list: readonly number[], digits: number): string =>
    `${quantile(list, 0.5).toFixed(digits)} (${Math.min(...list).toFixed(digits)} to ${Math.max(...list).toFixed(digits)})`;
  for (const hop of hops) {
    const { cpu, p50, p99, quarterP99 } = hop[how];
    const times = `p50 ${spread(p50, 2)} ms, p99 ${spread(p99, 2)} ms, of quarters ${spread(quarterP99, 2)} ms`;
    console.log(`${hop.name}${told}: ${spread(cpu, 1)} us CPU a request; ${times}`);
  }
  const over = (other: readonly number[]): number[] => ours.cpu.map((cpu, i) => cpu / (other[i] ?? Number.NaN));
  const [bare, floor, ratios] = [over(direct.cpu), over(least.cpu), over(proxy.cpu)];
  const isQuiet = quantile(direct.quarterP99, 0.5) <= quietMs;
  const addedBy = (hop: Figures, of: Time): number[] =>
    hop[of].map((value, i) => value - (direct[of][i] ?? Number.NaN));
  const added = (of: Time): number[] => addedBy(ours, of);
  const addedTimes = (hop: Figures): string =>
    `p50 ${spread(addedBy(hop, "p50"), 2)} ms, p99 ${spread(addedBy(hop, "p99"), 2)} ms, of quarters ${spread(addedBy(hop, "quarterP99"), 2)} ms`;
  console.log(`added by the relay${told}: ${addedTimes(least)}`);
  console.log(`added by the gateway${told}: ${addedTimes(ours)}`);
  printFigures([
    {
      figure: `gateway: CPU a request${told}`,
      goal: "≤ 35 us",
      measured: `${spread(ours.cpu, 1)} us`,
      isMet: quantile(ours.cpu, 0.5) <= 35,
    },
    {
      // Whose time is the kernel's and Node's sockets': two reads and two writes.
      figure: `gateway: CPU over a relay that reads nothing${told}`,
      goal: "≤ 1.25",
      measured: spread(floor, 2),
      isMet: quantile(floor, 0.5) <= 1.25,
    },
    {
      // A server of node:http that answers itself costs 20 us where nothing else runs.
      figure: `gateway: CPU over node:http that answers by itself${told}`,
      goal: "≤ 1.75",
      measured: spread(bare, 2),
      isMet: quantile(bare, 0.5) <= 1.75,
    },
    {
      figure: `gateway: CPU over node:http and undici passing through${told}`,
      goal: "≤ 1",
      measured: spread(ratios, 2),
      isMet: quantile(ratios, 0.5) <= 1,
    },
    {
      figure: `a direct call: p99 of a quarter second at ${values.rate} requests/s, without which what is added says nothing${told}`,
      goal: `≤ ${quietMs} ms`,
      measured: `${spread(direct.quarterP99, 2)} ms`,
      isMet: isQuiet,
    },
    {
      figure: `gateway: added to p50 at ${values.rate} requests/s${told}`,
      goal: "≤ 0.5 ms",
      measured: `${spread(added("p50"), 2)} ms`,
      isMet: isQuiet && quantile(added("p50"), 0.5) <= 0.5,
    },
    {
      figure: `gateway: added to p99 of a quarter second at ${values.rate} requests/s${told}`,
      goal: "≤ 0.5 ms",
      measured: `${spread(added("quarterP99"), 2)} ms`,
      isMet: isQuiet && quantile(added("quarterP99"), 0.5) <= 0.5,
    },
  ]);
}
