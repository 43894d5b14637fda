/**
 * Time from spawning the runtime to its first correct answer over HTTP, with the digits classifier, on this machine.
 *
 *     node test/bench/runtime-start.ts [rounds]
 */
import { type Serving, digits, predict, probabilities, rows, startServe } from "../integration/runtime/program.ts";
import { printFigures, quantile, spread } from "./figures.ts";

const goalMs = 400;
const rounds = Number(process.argv[2] ?? 7);

interface Start {
  readonly listeningMs: number;
  readonly readyMs: number;
  readonly answeredMs: number;
}

async function measured(): Promise<Start> {
  const begun = performance.now();
  const serving = await startServe(digits.model, { MODELWRIGHT_LOG_LEVEL: "info" });
  const listeningMs = performance.now() - begun;
  await serving.line("model ready");
  const readyMs = performance.now() - begun;
  await checkAnswer(serving);
  const answeredMs = performance.now() - begun;
  serving.child.kill("SIGTERM");
  await serving.ended;
  return { listeningMs, readyMs, answeredMs };
}

async function checkAnswer(serving: Serving): Promise<void> {
  const { body } = await predict(serving, JSON.stringify({ instances: rows.slice(0, 1) }));
  const { predictions } = body as { predictions: readonly (readonly number[])[] }; // compared number by number below
  const differences = predictions[0]?.map((value, i) => Math.abs(value - (probabilities[0]?.[i] ?? Number.NaN)));
  if (!(Math.max(...(differences ?? [Infinity])) <= 1e-5)) throw new Error(`wrong answer: ${JSON.stringify(body)}`);
}

const starts: Start[] = [];
for (let round = 0; round < rounds; round++) starts.push(await measured());
for (const phase of ["listeningMs", "readyMs"] as const) {
  console.log(
    `${phase}: ${spread(
      starts.map((start) => start[phase]),
      "ms",
    )}`,
  );
}
const answeredMs = starts.map((start) => start.answeredMs);
printFigures([
  {
    figure: "runtime: spawn to first correct answer",
    goal: `≤ ${goalMs} ms`,
    measured: spread(answeredMs, "ms"),
    isMet: quantile(answeredMs, 0.5) <= goalMs,
  },
]);
