import { elementCount, type Dtype } from "../../../dataplane/tensor.ts";
import { isList, isObject, type Json, type JsonObject, textAt } from "../keras/topology/json-config.ts";
import { WeightError } from "./weight-error.ts";

/** A weight in model.json: its type and the location of its bytes. */
export interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  /** How it is quantised: `value = stored * scale + min`, or half precision; `undefined`: not at all. */
  readonly quantization: Quantization | undefined;
  /** Index of its group, whose concatenated files contain the bytes. */
  readonly group: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Parameters of dequantisation: scale and minimum, or widening from float16. */
export type Quantization =
  | { readonly stored: "uint8" | "uint16"; readonly scale: number; readonly min: number }
  | { readonly stored: "float16" };

/** The parsed manifest of a model's weights and files. */
export interface WeightManifest {
  readonly weights: readonly WeightEntry[];
  /** The files of each group, in order, and their total size. */
  readonly groups: readonly { readonly paths: readonly string[]; readonly sizeBytes: number }[];
}

const types: ReadonlyMap<string, readonly [dtype: Dtype, bytes: number]> = new Map([
  ["float32", ["float32", 4]],
  ["int32", ["int32", 4]],
  ["bool", ["bool", 1]],
]);
const storedBytes = { uint8: 1, uint16: 2, float16: 2 };
const reservedNames = new Set(["__proto__", "constructor", "prototype"]);
const maxPaths = 20_000;

/** Parses a `weightsManifest` and adds up the sizes; reads no file. Throws a WeightError. */
export function weightManifest(manifest: Json | undefined): WeightManifest {
  const groups = isList(manifest) ? manifest.filter(isObject) : [];
  const paths = groups.map((group) => (isList(group["paths"]) ? group["paths"].map(String) : []));
  const all = paths.flat();
  if (all.length > maxPaths) throw new WeightError(`${all.length} files are listed; at most ${maxPaths} are allowed`);
  const repeated = all.find((path, i) => all.indexOf(path) !== i);
  if (repeated !== undefined) throw new WeightError(`the file ${JSON.stringify(repeated)} is listed more than once`);
  const weights: WeightEntry[] = [];
  const sizes = groups.map((group, number) => {
    let offset = 0;
    for (const spec of isList(group["weights"]) ? group["weights"] : []) {
      const entry = weightEntry(isObject(spec) ? spec : {}, number, offset);
      weights.push(entry);
      offset += entry.sizeBytes;
    }
    return offset;
  });
  return { weights, groups: paths.map((files, i) => ({ paths: files, sizeBytes: sizes[i] ?? 0 })) };
}

function weightEntry(spec: JsonObject, group: number, offset: number): WeightEntry {
  const name = textAt(spec, "name") ?? "";
  const shown = JSON.stringify(name.slice(0, 200));
  if (name === "" || name.split("/").some((part) => reservedNames.has(part))) {
    throw new WeightError(`a weight is called ${shown}`);
  }
  const shape = isList(spec["shape"]) ? spec["shape"].map(Number) : [Number.NaN];
  const count = elementCount(shape);
  if (shape.some((size) => !Number.isInteger(size) || size < 0) || !Number.isSafeInteger(count * 8)) {
    throw new WeightError(`weight ${shown} has the shape ${JSON.stringify(spec["shape"] ?? null).slice(0, 200)}`);
  }
  const type = types.get(textAt(spec, "dtype") ?? "");
  if (type === undefined) {
    throw new WeightError(
      `weight ${shown} is of type ${JSON.stringify(spec["dtype"] ?? null).slice(0, 50)}; must be float32, int32 or bool`,
    );
  }
  const quantization = quantizationOf(spec["quantization"], shown);
  const bytes = quantization === undefined ? type[1] : storedBytes[quantization.stored];
  return { name, shape, dtype: type[0], quantization, group, offset, sizeBytes: count * bytes };
}

function quantizationOf(value: Json | undefined, shown: string): Quantization | undefined {
  if (value === undefined || value === null) return undefined;
  const { dtype, scale, min } = isObject(value) ? value : {};
  if (dtype === "float16") return { stored: "float16" };
  if (dtype !== "uint8" && dtype !== "uint16") throw new WeightError(`weight ${shown} has an unknown quantisation`);
  if (typeof scale !== "number" || typeof min !== "number" || !Number.isFinite(scale) || !Number.isFinite(min)) {
    throw new WeightError(`weight ${shown} is quantised without a scale and a minimum`);
  }
  return { stored: dtype, scale, min };
}
