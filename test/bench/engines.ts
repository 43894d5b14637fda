/**
 * Samples a second of each engine on the same Keras files, called directly, in interleaved rounds: the ratio of ONNX Runtime
 * on one thread to TensorFlow.js on one. Answers of both are compared first.
 *
 *     node test/bench/engines.ts [rounds]
 */
import { join } from "node:path";
import { elementCount, type Tensor } from "../../runtime/dataplane/tensor.ts";
import type { LoadedModel } from "../../runtime/engines/engine.ts";
import { loadModel } from "../../runtime/model/formats/load-model.ts";
import { fixtureFolder } from "../fixtures/archive.ts";
import { type Figure, printFigures, quantile } from "./figures.ts";

const rounds = Number(process.argv[2] ?? 5);
const roundMs = 300;
const models = [
  { title: "MLP 784-64-32-10", file: "simple_model/wide/model.keras", goals: { 1: 4, 8: 4, 32: 4 } },
  { title: "CNN 16x16", file: "cnn/model.keras", goals: { 1: 4, 8: 3, 32: 3 } },
] as const;

function batchOf({ signatures }: LoadedModel, rows: number): readonly Tensor[] {
  const inputs = signatures.get("serving_default")?.inputs ?? [];
  return inputs.map(({ shape }) => {
    const whole = [rows, ...shape.slice(1)];
    const data = Float32Array.from({ length: elementCount(whole) }, (_, i) => ((i * 7919) % 256) / 256);
    return { dtype: "float32", shape: whole, data };
  });
}

async function samplesPerSecond(model: LoadedModel, batch: readonly Tensor[], rows: number): Promise<number> {
  const start = performance.now();
  let samples = 0;
  while (performance.now() - start < roundMs) {
    for (let i = 0; i < 8; i++) {
      const answer = model.infer(batch);
      if (answer instanceof Promise) await answer;
    }
    samples += 8 * rows;
  }
  return (1000 * samples) / (performance.now() - start);
}

async function checkAnswers(a: LoadedModel, b: LoadedModel, batch: readonly Tensor[]): Promise<void> {
  const [one, other] = [await a.infer(batch), await b.infer(batch)];
  const gaps = one.flatMap((tensor, i) =>
    Array.from(tensor.data, (value, k) => Math.abs(Number(value) - Number(other[i]?.data[k]))),
  );
  if (!(Math.max(...gaps) <= 1e-5)) throw new Error(`the engines differ by ${Math.max(...gaps)}`);
}

const figures: Figure[] = [];
for (const { title, file, goals } of models) {
  const path = join(fixtureFolder("keras-models"), file);
  const { model: onnx } = await loadModel(path, { engine: "OnnxRuntime", threads: 1 });
  const { model: tfjs } = await loadModel(path, { engine: "TensorFlowJs" });
  for (const [rows, goal] of Object.entries(goals)) {
    const batch = batchOf(onnx, Number(rows));
    await checkAnswers(onnx, tfjs, batch);
    const speeds: { readonly onnx: number; readonly tfjs: number }[] = [];
    for (let round = 0; round <= rounds; round++) {
      const speed = {
        onnx: await samplesPerSecond(onnx, batch, Number(rows)),
        tfjs: await samplesPerSecond(tfjs, batch, Number(rows)),
      };
      if (round > 0) speeds.push(speed);
    }
    const ratios = speeds.map((speed) => speed.onnx / speed.tfjs);
    const [median, min, max] = [quantile(ratios, 0.5), Math.min(...ratios), Math.max(...ratios)];
    const onnxSpeed = quantile(
      speeds.map((speed) => speed.onnx),
      0.5,
    );
    figures.push({
      figure: `engines: ${title}, batch ${rows}: OnnxRuntime / TensorFlowJs`,
      goal: `≥ ${goal}`,
      measured: `median ${median.toFixed(1)}, min ${min.toFixed(1)}, max ${max.toFixed(1)}; ${onnxSpeed.toFixed(0)} samples/s`,
      isMet: median >= goal,
    });
  }
  onnx.unload();
  tfjs.unload();
}
printFigures(figures);
