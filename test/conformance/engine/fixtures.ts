import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";
import type { Signature } from "../../../runtime/dataplane/signature.ts";
import { bytesAt, memorySource } from "../../../runtime/model/formats/byte-source.ts";
import { zipArchive } from "../../../runtime/model/formats/keras/zip/zip-archive.ts";
import { fixtureFolder } from "../../fixtures/archive.ts";
import { unpackedFolder } from "../../fixtures/unpacked-folder.ts";

/** A tensor of expected.json. */
export interface ExpectedTensor {
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

/** A model file, its inputs and the expected outputs. */
export interface Fixture {
  readonly title: string;
  readonly path: string;
  readonly inputs: readonly ExpectedTensor[];
  readonly outputs: readonly ExpectedTensor[];
  readonly tolerance: { readonly rtol: number; readonly atol: number };
  /** Names in the signature; absent: not checked. */
  readonly names?: { readonly inputs: readonly string[]; readonly outputs: readonly string[] };
}

/** A model file that must be refused with this code, and a message with these names. */
export interface RefusedFixture {
  readonly title: string;
  readonly path: string;
  readonly code: string;
  readonly names: readonly string[];
}

interface ExpectedFile {
  readonly path: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

interface ExpectedModel {
  readonly inputs: readonly ExpectedTensor[];
  readonly outputs: readonly ExpectedTensor[];
  readonly tolerance: Fixture["tolerance"];
  readonly files: readonly ExpectedFile[];
}

const models = [
  "simple_model/v1",
  "simple_model/v2",
  "simple_model/renamed",
  "simple_model/wide",
  "cnn",
  "text",
  "nonfinite",
];

/** Complete models saved by Keras 2 and 3, with the names that each file uses. */
export function modelFixtures(): readonly Fixture[] {
  const folder = fixtureFolder("keras-models");
  return models.flatMap((model) => {
    const expected = json(join(folder, model, "expected.json")) as ExpectedModel; // see fixtures/pack.ts
    return expected.files.map(({ path, inputs, outputs }) => ({
      title: `${model}/${path}`,
      path: join(folder, model, path),
      inputs: expected.inputs,
      outputs: expected.outputs,
      tolerance: expected.tolerance,
      names: { inputs, outputs },
    }));
  });
}

interface LayerCase {
  readonly inputs: readonly ExpectedTensor[];
  readonly keras2?: readonly ExpectedTensor[];
  readonly keras3?: readonly ExpectedTensor[];
}

const fixtures = join(import.meta.dirname, "../../fixtures");
const zipLimits = { maxEntryBytes: 2 ** 20, maxRatio: 1000 };
const layerTolerance = { rtol: 1e-5, atol: 2e-6 };

/** Reasons for refusal, by the case's name in fixtures/make-keras-layers.py. */
const refusals: Readonly<Record<string, Omit<RefusedFixture, "title" | "path">>> = {
  refused_lambda: { code: "LambdaLayer", names: ['layer "twice" is a Lambda layer'] },
};
/** One small model per layer type and Keras version, split into served and refused ones. */
export function layerFixtures(): { readonly served: readonly Fixture[]; readonly refused: readonly RefusedFixture[] } {
  const source = join(fixtures, "keras-layers");
  const cases = json(join(source, "expected.json")) as Readonly<Record<string, LayerCase>>; // see make-keras-layers.py
  const served: Fixture[] = [];
  const refused: RefusedFixture[] = [];
  for (const writer of ["keras2-h5", "keras3-h5", "keras3-keras"] as const) {
    const { folder, names } = unzipped(join(source, `${writer}.zip`));
    for (const file of names) {
      const path = join(folder, file);
      const name = file.slice(0, file.lastIndexOf("."));
      const title = `${name} (${writer})`;
      const refusal = refusals[name];
      const outputs = cases[name]?.[writer === "keras2-h5" ? "keras2" : "keras3"];
      if (refusal !== undefined) refused.push({ title, path, ...refusal });
      else
        served.push({
          title,
          path,
          inputs: cases[name]?.inputs ?? [],
          outputs: outputs ?? [],
          tolerance: layerTolerance,
        });
    }
  }
  return { served, refused };
}

/** The files of a zip archive, in a folder. */
function unzipped(path: string): { readonly folder: string; readonly names: readonly string[] } {
  const bytes = readFileSync(path);
  const archive = zipArchive(memorySource(bytes), zipLimits);
  const folder = unpackedFolder(basename(path, ".zip"), [bytes], (target) => {
    for (const name of archive.names) {
      const content = archive.open(name, zipLimits.maxEntryBytes);
      writeFileSync(join(target, name), bytesAt(content, 0, content.sizeBytes));
    }
  });
  return { folder, names: archive.names };
}

/** Cases of `furtherLayerFixtures` that every engine supports. */
const plainCases: ReadonlySet<string> = new Set([
  "residual_images",
  "squeeze_and_excite",
  "hard_swish_of_operators",
  "conv_lstm_2d",
  "batch_normalization_axis",
  "models_in_time",
]);

/**
 * Layers and options from fixtures/make-{further-keras-layers,keras2-operators}.py: `plain` ones, which every engine supports, and
 * `further` ones, which not every engine supports.
 */
export function furtherLayerFixtures(): { readonly plain: readonly Fixture[]; readonly further: readonly Fixture[] } {
  const found = ["keras-further-layers.zip", "keras2-operators.zip"].flatMap((archive) => {
    const { folder } = unzipped(join(fixtures, archive));
    const cases = json(join(folder, "expected.json")) as Readonly<Record<string, Pick<Fixture, "inputs" | "outputs">>>; // see the scripts that make them
    return Object.entries(cases).flatMap(([name, tensors]) =>
      ["keras", "h5"].map((suffix) => {
        const path = join(folder, `${name}.${suffix}`);
        return { name, title: `${name} (keras3-${suffix})`, path, ...tensors, tolerance: layerTolerance };
      }),
    );
  });
  return {
    plain: found.filter(({ name }) => plainCases.has(name)),
    further: found.filter(({ name }) => !plainCases.has(name)),
  };
}

/** Models with string inputs, masks or nested models, from fixtures/make-keras-structures.py. */
export function structureFixtures(): readonly Fixture[] {
  return ["keras-structures.zip", "keras-further-structures.zip"].flatMap((archive) => {
    const { folder } = unzipped(join(fixtures, archive));
    const cases = json(join(folder, "expected.json")) as Readonly<Record<string, Pick<Fixture, "inputs" | "outputs">>>; // see the scripts that make them
    return Object.entries(cases).map(([file, tensors]) => {
      // Keras computes in bfloat16 with weights of that type.
      const tolerance = file.startsWith("brain_floats") ? { rtol: 0.02, atol: 0.02 } : layerTolerance;
      return { title: file, path: join(folder, file), ...tensors, tolerance };
    });
  });
}

/** Inputs in the signature's types and shapes. */
export function tensorsFor(signature: Signature, inputs: readonly ExpectedTensor[]): readonly Tensor[] {
  return signature.inputs.map(({ dtype }, i) => {
    const { shape, data } = inputs[i] ?? { shape: [], data: [] };
    if (dtype === "string") return { dtype, shape, data: data.map((text) => Buffer.from(String(text))) };
    if (dtype === "int64") return { dtype, shape, data: BigInt64Array.from(data, BigInt) };
    if (dtype === "int32") return { dtype, shape, data: Int32Array.from(data, Number) };
    if (dtype === "bool") return { dtype, shape, data: Uint8Array.from(data, Number) };
    return { dtype: "float32", shape, data: Float32Array.from(data, Number) };
  });
}

/** Largest excess over the tolerance and largest difference; infinite when NaN or infinities are in different places. */
export function difference(
  got: Tensor,
  want: ExpectedTensor,
  { rtol, atol }: Fixture["tolerance"],
): { excess: number; largest: number } {
  const worst = { excess: 0, largest: 0 };
  want.data.forEach((element, i) => {
    const [a, b] = [Number(got.data[i]), Number(element)];
    if (Object.is(a, b) || a === b) return;
    const gap = Math.abs(a - b);
    worst.largest = Math.max(worst.largest, Number.isFinite(gap) ? gap : Number.POSITIVE_INFINITY);
    worst.excess = Math.max(
      worst.excess,
      Number.isFinite(gap) ? gap - (atol + rtol * Math.abs(b)) : Number.POSITIVE_INFINITY,
    );
  });
  return worst;
}

/** The expected output of engines without fused multiply-add, where an intermediate product of `nonfinite` overflows. */
export function separatelyRounded({ title }: Pick<Fixture, "title">, want: ExpectedTensor): ExpectedTensor {
  if (!title.startsWith("nonfinite/")) return want;
  return { ...want, data: want.data.map((element, i) => (i === 3 ? "NaN" : element)) };
}

function json(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
