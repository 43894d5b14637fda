import { describe, expect, it } from "vitest";
import { parsedConfig } from "../../../../../runtime/model/formats/keras/topology/json-config.ts";
import { weightManifest } from "../../../../../runtime/model/formats/tensorflow-js/weight-manifest.ts";

const manifest = (...weights: readonly object[]): ReturnType<typeof weightManifest> =>
  weightManifest(parsedConfig(JSON.stringify({ m: [{ paths: ["a.bin"], weights }] }))["m"]);
const kernel = { name: "dense/kernel", shape: [2, 3], dtype: "float32" };

describe("the weights that a model.json lists", () => {
  it("are stored in sequence in their group", () => {
    const half = { name: "h", shape: [4], dtype: "float32", quantization: { dtype: "float16" } };
    const small = { name: "s", shape: [4], dtype: "int32", quantization: { dtype: "uint8", scale: 0.5, min: -1 } };
    const places = manifest(kernel, half, small, { ...kernel, name: "last" });
    expect(places.weights.map(({ name, offset, sizeBytes }) => [name, offset, sizeBytes])).toEqual([
      ["dense/kernel", 0, 24],
      ["h", 24, 8],
      ["s", 32, 4],
      ["last", 36, 24],
    ]);
    expect(places.groups).toEqual([{ paths: ["a.bin"], sizeBytes: 60 }]);
  });

  it.each<[string, object, string]>([
    ["no name", { ...kernel, name: "" }, 'a weight is called ""'],
    ["a reserved name", { ...kernel, name: "a/constructor" }, 'a weight is called "a/constructor"'],
    ["no shape", { ...kernel, shape: undefined }, 'weight "dense/kernel" has the shape null'],
    ["a shape that overflows", { ...kernel, shape: [2 ** 40, 2 ** 40] }, "has the shape [1099511627776,1099511627776]"],
    ["a shape of texts", { ...kernel, shape: ["a"] }, 'weight "dense/kernel" has the shape ["a"]'],
    [
      "texts",
      { ...kernel, dtype: "string" },
      'weight "dense/kernel" is of type "string"; must be float32, int32 or bool',
    ],
    ["an inherited type", { ...kernel, dtype: "toString" }, 'is of type "toString"'],
    [
      "another quantisation",
      { ...kernel, quantization: { dtype: "int4" } },
      'weight "dense/kernel" has an unknown quantisation',
    ],
    [
      "a scale that is not a number",
      { ...kernel, quantization: { dtype: "uint8", scale: "1", min: 0 } },
      "is quantised without a scale and a minimum",
    ],
  ])("are refused with %s", (_, weight, message) => {
    expect(() => manifest(weight)).toThrow(message);
  });
});
