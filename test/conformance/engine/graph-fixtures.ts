import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Signature, TensorSpec } from "../../../runtime/dataplane/signature.ts";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";
import { fixtureFolder } from "../../fixtures/archive.ts";
import type { ExpectedTensor, Fixture } from "./fixtures.ts";

/** A tensor of expected.json; strings as `{b64}`. */
interface GraphTensor extends Omit<ExpectedTensor, "data"> {
  readonly data: readonly (number | string | { readonly b64: string })[];
}

/** One signature of a model folder, its inputs and the expected outputs. */
export interface GraphFixture {
  readonly title: string;
  /** The folder of the model. */
  readonly path: string;
  readonly signature: string;
  readonly inputs: ReadonlyMap<string, GraphTensor>;
  readonly outputs: ReadonlyMap<string, ExpectedTensor>;
  readonly tolerance: Fixture["tolerance"];
}

interface ExpectedFile {
  readonly path: string;
  readonly format: string;
  readonly signature?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly tolerance?: Fixture["tolerance"];
}

interface ExpectedCase {
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly ExpectedTensor[];
  readonly files: readonly ExpectedFile[];
  readonly tolerance?: Fixture["tolerance"];
  readonly more?: readonly ExpectedCase[];
}

const formats = ["savedmodel", "tfjs-layers", "tfjs-graph"];
const exact = { rtol: 0, atol: 0 };

/** Every SavedModel and TensorFlow.js model below a folder of fixtures; by default below those in the repository. */
export function graphFixtures(folder: string = fixtureFolder("graph-models")): readonly GraphFixture[] {
  const models = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith("expected.json") && !path.startsWith("hostile"))
    .map((path) => join(folder, path))
    .sort();
  return models.flatMap((path) => {
    const model = JSON.parse(readFileSync(path, "utf8")) as ExpectedCase; // see the fixtures' MANIFEST
    return [model, ...(model.more ?? [])].flatMap((one) => casesOf(one, model, dirname(path), folder));
  });
}

function casesOf(one: ExpectedCase, model: ExpectedCase, place: string, root: string): readonly GraphFixture[] {
  return one.files
    .filter(({ format, path }) => formats.includes(format) && existsSync(join(place, path)))
    .map((file) => {
      const path = join(place, file.path).replace(/\/model\.json$/, "");
      const { signature = "serving_default", format } = file;
      // The tfjs converter's output names have no order: outputs are matched by shape.
      const names = format === "tfjs-graph" ? one.outputs.map(({ shape }) => shapeName(shape)) : file.outputs;
      return {
        title: `${relative(root, path)} ${signature}`,
        path,
        signature,
        inputs: new Map(one.inputs.map((tensor, i) => [file.inputs[i] ?? "", tensor])),
        outputs: new Map(one.outputs.map((tensor, i) => [names[i] ?? "", tensor])),
        tolerance: file.tolerance ?? one.tolerance ?? model.tolerance ?? exact,
      };
    });
}

/** The output for a fixture's entry: by name, shape or position. */
export function outputNamed(
  outputs: readonly Tensor[],
  specs: readonly TensorSpec[],
  name: string,
  position: number,
): Tensor | undefined {
  const byName = specs.findIndex((spec) => spec.name === name);
  const byShape = outputs.find(({ shape }) => shapeName(shape) === name);
  return outputs[byName] ?? byShape ?? outputs[position];
}

function shapeName(shape: readonly number[]): string {
  return `of shape ${shape.slice(1).join(",")}`;
}

/** Inputs in the signature's types; layers models have other input names than the fixtures. */
export function graphTensors({ inputs }: Signature, given: GraphFixture["inputs"]): readonly Tensor[] {
  return inputs.map(({ name, dtype }, i): Tensor => {
    const { shape, data } = given.get(name) ?? [...given.values()][i] ?? { shape: [], data: [] };
    if (dtype === "string") return { dtype, shape, data: data.map(bytesOf) };
    if (dtype === "int32") return { dtype, shape, data: Int32Array.from(data, Number) };
    return { dtype: "float32", shape, data: Float32Array.from(data, Number) };
  });
}

function bytesOf(value: GraphTensor["data"][number]): Uint8Array {
  return typeof value === "object" ? Uint8Array.from(Buffer.from(value.b64, "base64")) : new Uint8Array(0);
}
