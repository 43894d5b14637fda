import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import {
  difference,
  type ExpectedTensor,
  type Fixture,
  separatelyRounded,
  tensorsFor,
} from "../../conformance/engine/fixtures.ts";
import type { Signature } from "../../../runtime/dataplane/signature.ts";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";
import { usedMb } from "./gpu-device.ts";
import { binaryAnswer, type NamedTensor } from "./binary-exchange.ts";
import { loadedModels, runtimeProcess } from "./runtime-process.ts";

/** Results of a runtime that serves all fixtures at once. */
export interface FixtureAnswers {
  readonly count: number;
  /** Fixtures without an answer or with one outside the tolerance, with the reason. */
  readonly wrong: readonly string[];
  readonly largest: number;
  /** Number of models by engine. */
  readonly engines: Readonly<Record<string, number>>;
  /** Reasons for not using the GPU. */
  readonly notes: readonly string[];
  readonly usedMb: number;
  readonly readyMs: number;
}

type Gap = ReturnType<typeof difference>;

interface Metadata {
  readonly inputs: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
}

/** Serves copies of the fixtures from one repository, sends each its inputs over HTTP and compares the outputs. */
export async function fixtureAnswers(fixtures: readonly Fixture[], onGpu: boolean): Promise<FixtureAnswers> {
  const folder = await mkdtemp(join(tmpdir(), "modelwright-gpu-"));
  for (const [i, { path }] of fixtures.entries()) {
    const version = join(folder, `m${i}`, "1");
    await mkdir(version, { recursive: true });
    await cp(path, extname(path) === "" ? version : join(version, `model${extname(basename(path))}`), {
      recursive: true,
    });
  }
  const before = onGpu ? usedMb() : 0;
  const runtime = await runtimeProcess(["--repository", folder], onGpu);
  const wrong: string[] = [];
  let largest = 0;
  try {
    for (const [i, fixture] of fixtures.entries()) {
      const gap = await gapOf(fixture, `http://127.0.0.1:${runtime.port}/v2/models/m${i}`).catch(String);
      if (typeof gap === "string" || gap.excess > 0) wrong.push(`${fixture.title}: ${JSON.stringify(gap)}`);
      else largest = Math.max(largest, gap.largest);
    }
    const models = loadedModels(runtime);
    const engines: Record<string, number> = {};
    for (const { engine } of models) engines[String(engine)] = (engines[String(engine)] ?? 0) + 1;
    const notes = [...new Set(models.flatMap(({ note }) => (typeof note === "string" ? [note] : [])))];
    const taken = onGpu ? usedMb() - before : 0;
    return { count: fixtures.length, wrong, largest, engines, notes, usedMb: taken, readyMs: runtime.readyMs };
  } finally {
    await runtime.stop();
    await rm(folder, { recursive: true });
  }
}

async function gapOf({ title, inputs, outputs, tolerance }: Fixture, url: string): Promise<Gap> {
  const metadata = (await (await fetch(url)).json()) as Metadata; // the protocol's
  const specs = metadata.inputs.map(({ name, datatype, shape }) => {
    return { name, shape, dtype: datatype === "INT32" ? "int32" : "float32" } as const;
  });
  const signature: Signature = { inputs: specs, outputs: [] };
  const tensors = tensorsFor(signature, inputs);
  const named = specs.flatMap(({ name }, i): NamedTensor[] => {
    const tensor = tensors[i];
    return tensor === undefined ? [] : [{ name, tensor }];
  });
  const answers = await binaryAnswer(`${url}/infer`, named);
  const gaps = outputs.map((want, i) => {
    const got = answers[i];
    return got === undefined ? { excess: Infinity, largest: Infinity } : closest(title, got, want, tolerance);
  });
  return {
    excess: Math.max(...gaps.map(({ excess }) => excess)),
    largest: Math.max(...gaps.map(({ largest }) => largest)),
  };
}

/** The smaller difference: a GPU may or may not round products before it adds them. */
function closest(title: string, got: Tensor, want: ExpectedTensor, tolerance: Fixture["tolerance"]): Gap {
  const [whole, separate] = [want, separatelyRounded({ title }, want)].map((one) => difference(got, one, tolerance));
  return whole !== undefined && whole.excess === 0 ? whole : (separate ?? { excess: Infinity, largest: Infinity });
}
