import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Fault } from "../../../runtime/base/fault.ts";
import type { LoadedModel } from "../../../runtime/engines/engine.ts";
import type { ModelDefinition } from "../../../runtime/model/formats/model-definition.ts";
import { loadIntoEngine } from "../../../runtime/model/formats/engine-choice.ts";
import { readers } from "../../../runtime/model/formats/readers.ts";
import { detectedFormat } from "../../../runtime/model/formats/format-detection.ts";
import { warmUpRuns } from "../../../runtime/model/warm-up.ts";
import { furtherLayerFixtures } from "../../conformance/engine/fixtures.ts";
import { fixtureFolder } from "../../fixtures/archive.ts";
import { type RandomSource, createRandom } from "../../simulation/schedule/random.ts";
import { mutated } from "../mutation.ts";
import { type Tally, note } from "../tally.ts";

/** A valid model: a file or a folder. */
export interface ModelSeed {
  readonly path: string;
  /** Its files to mutate. */
  readonly files: readonly [string, ...string[]];
}

/** In larger files, mutations rarely hit a relevant place. */
const maxFileBytes = 300_000;
const maxModelBytes = 64 * 1024 ** 2;

/** The small fixtures that load, of each format. */
export function modelSeeds(): readonly [ModelSeed, ...ModelSeed[]] {
  const folders = [fixtureFolder("keras-models"), fixtureFolder("onnx-models"), fixtureFolder("graph-models")];
  const { further } = furtherLayerFixtures();
  const [first, ...others] = [
    ...folders.flatMap((folder) => [...filesOf(folder), ...foldersOf(folder)]),
    ...further.map(({ path }): ModelSeed => ({ path, files: [path] })),
  ];
  if (first === undefined) throw new Error("there are no fixtures");
  return [first, ...others];
}

function filesOf(folder: string): readonly ModelSeed[] {
  return pathsIn(folder)
    .filter((path) => /\.(?:h5|keras|onnx)$/.test(path) && statSync(path).size <= maxFileBytes)
    .map((path) => ({ path, files: [path] }));
}

function foldersOf(folder: string): readonly ModelSeed[] {
  const marks = pathsIn(folder).filter((path) => /\/(?:saved_model\.pb|model\.json)$/.test(path));
  return marks.flatMap((mark) => {
    const path = dirname(mark);
    const [first, ...others] = pathsIn(path).filter((file) => statSync(file).size <= maxFileBytes);
    return first === undefined ? [] : [{ path, files: [mark, first, ...others] as const }];
  });
}

function pathsIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(entry.parentPath, entry.name)).toSorted();
}

/** Mutates a model in `work` and parses it; sometimes also loads and runs it. Counts the outcome. */
export async function fuzzModel(
  seed: number,
  seeds: readonly [ModelSeed, ...ModelSeed[]],
  work: string,
  tally: Tally,
): Promise<void> {
  const chance = createRandom(seed);
  const model = chance.pick(seeds);
  const file = chance.pick(model.files);
  const place = written(model, file, work, chance);
  try {
    const format = detectedFormat(place, maxModelBytes);
    const definition = await readers[format].read({ path: place, format, maxModelBytes });
    const outcome = chance.bool(0.1) ? await run(definition) : `${format} read`;
    note(tally, seed, outcome);
  } catch (thrown) {
    const { code, cause, sentence } = Fault.from(thrown);
    const isDenied = /ERR_ACCESS_DENIED|permission|restricted/i.test(`${sentence} ${String(cause)}`);
    const name = relative(join(model.path, ".."), file);
    const what = code === "Unexpected" || isDenied ? `${name}: ${code}: ${sentence}` : undefined;
    note(tally, seed, code, what);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function written({ path, files }: ModelSeed, file: string, work: string, chance: RandomSource): string {
  const bytes = mutated(readFileSync(file), chance, readFileSync(chance.pick(files)));
  const place = join(work, relative(dirname(path), path));
  if (path === file) {
    writeFileSync(place, bytes);
    return place;
  }
  cpSync(path, place, { recursive: true });
  const target = join(place, relative(path, file));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, bytes);
  return place;
}

async function run(definition: ModelDefinition): Promise<string> {
  const model: LoadedModel = await loadIntoEngine(definition, { engine: "Auto", threads: 1 });
  try {
    for (const [name, inputs] of warmUpRuns(model.signatures)) await model.infer(inputs, name);
    return `${definition.format} ran`;
  } catch (thrown) {
    // Errors of an engine about values are fine; the process must survive.
    return thrown instanceof Error ? `${definition.format} did not run` : String(thrown);
  } finally {
    model.unload();
  }
}

/** Peak memory of this process, in MB. */
export function peakMemoryMb(): number {
  if (!existsSync("/proc/self/status")) return 0;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) / 1024;
}
