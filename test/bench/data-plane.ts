/**
 * Requests to the runtime beside a floor and peers, interleaved in rounds (A-B-C-C-B-A), on the same model, the same bytes and
 * one engine thread. Prints the processor time of the server per request and the ratios within each round.
 *
 *     npx node test/bench/data-plane.ts [--seconds 2] [--rounds 5] [--connections 32] [--only mosec,FastAPI]
 */
import { parseArgs } from "node:util";

import { type Contestant, modelwright, nodeEcho, peers } from "./serving/contestants.ts";
import { type Exchange, type Wire, exchange } from "./serving/exchange.ts";
import { mlpModel, mlpSample } from "./serving/mlp-sample.ts";
import { printFigures, quantile } from "./figures.ts";
import { type Run, type Running, loaded, started } from "./serving/running.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "5" },
    connections: { type: "string", default: "32" },
    only: { type: "string" },
    model: { type: "string", default: mlpModel },
  },
});
const load = { connections: Number(values.connections), seconds: Number(values.seconds) };
const wanted = values.only?.split(",");

const sample = mlpSample(values.model.replace(/[^/]+$/, "mlp.json"));

const wires: readonly Wire[] = ["rows", "v2-json", "v2-binary"];
const running: Running[] = [];
for (const contestant of [modelwright, nodeEcho, ...peers]) {
  if (
    wanted !== undefined &&
    contestant !== modelwright &&
    contestant !== nodeEcho &&
    !wanted.includes(contestant.name)
  )
    continue;
  try {
    const echo = contestant === nodeEcho ? withAnswer(contestant) : contestant;
    running.push(await started(echo, values.model));
    console.log(`${contestant.name}: first answer after ${running.at(-1)?.startMs.toFixed(0)} ms`);
  } catch (thrown) {
    console.log(
      `${contestant.name}: left out, ${thrown instanceof Error ? thrown.message.split("\n")[0] : String(thrown)}`,
    );
  }
}

function withAnswer(contestant: Contestant): Contestant {
  return {
    ...contestant,
    command: async (place) => {
      const command = await contestant.command(place);
      return { ...command, args: [...command.args, `${sample.begins} ${sample.bytes.toString("latin1")}`] };
    },
  };
}

const goals: Readonly<Record<string, readonly [Wire, number]>> = {
  mosec: ["rows", 1.8],
  FastAPI: ["rows", 4.2],
  LitServe: ["rows", 30],
  KServe: ["rows", 12],
  MLServer: ["v2-json", 14],
};

try {
  for (const wire of wires) await compare(wire);
} finally {
  for (const server of running) await server.stop();
}

async function compare(wire: Wire): Promise<void> {
  const entrants = running.flatMap((server) => {
    const path = server.contestant.paths[wire] ?? (wire === "v2-binary" ? server.contestant.paths.raw : undefined);
    const form = server.contestant.paths[wire] === undefined ? "raw" : wire;
    return path === undefined ? [] : [{ server, request: exchange(form, path, sample), runs: [] as Run[] }];
  });
  const answering: typeof entrants = [];
  for (const entrant of entrants) if (await warm(wire, entrant)) answering.push(entrant);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const entrant of [...answering, ...answering.toReversed()]) {
      entrant.runs.push(await loaded(entrant.server, entrant.request, load));
    }
  }
  const ours = entrants.find(({ server }) => server.contestant === modelwright)?.runs ?? [];
  for (const { server, runs } of answering) {
    const { name } = server.contestant;
    const cpu = quantile(
      runs.map((run) => run.cpuUsPerRequest),
      0.5,
    );
    const rate = quantile(
      runs.map((run) => run.perSecond),
      0.5,
    );
    const p99 = quantile(
      runs.map((run) => run.p99),
      0.5,
    );
    const memory = runs.at(-1)?.memoryMb ?? 0;
    console.log(
      `${wire} ${name}: ${cpu.toFixed(1)} us CPU a request, ${rate.toFixed(0)} requests/s, p99 ${p99.toFixed(1)} ms, ${memory.toFixed(0)} MB`,
    );
    if (runs === ours) continue;
    const ratios = runs.map((run, i) => run.cpuUsPerRequest / (ours[i]?.cpuUsPerRequest ?? Number.NaN));
    report(wire, name, ratios);
  }
}

interface Entrant {
  readonly server: Running;
  readonly request: Exchange;
  readonly runs: Run[];
}

/** False, and a line that says why, when it does not answer right. */
async function warm(wire: Wire, { server, request }: Entrant): Promise<boolean> {
  try {
    await loaded(server, request, { ...load, seconds: 1 });
    return true;
  } catch (thrown) {
    const [reason = ""] = String(thrown).split("\n");
    console.log(`${wire} ${server.contestant.name}: left out, ${reason}`);
    return false;
  }
}

/** A floor's goal is an upper bound of ours over it, a peer's a lower bound of it over ours. */
function report(wire: Wire, name: string, ratios: readonly number[]): void {
  const spread = (list: readonly number[]): string =>
    `${quantile(list, 0.5).toFixed(2)} (${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)})`;
  if (name === nodeEcho.name) {
    const bound = wire === "v2-binary" ? 1.35 : 1.9;
    const inverse = ratios.map((ratio) => 1 / ratio);
    const isMet = quantile(inverse, 0.5) <= bound;
    printFigures([{ figure: `${wire}: CPU ours / ${name}`, goal: `≤ ${bound}`, measured: spread(inverse), isMet }]);
    return;
  }
  const [goalWire, goal] = goals[name] ?? [wire, 1];
  const bound = goalWire === wire ? goal : 1;
  const isMet = quantile(ratios, 0.5) >= bound;
  printFigures([{ figure: `${wire}: CPU ${name} / ours`, goal: `≥ ${bound}`, measured: spread(ratios), isMet }]);
}
