import { describe, expect, it } from "vitest";
import { Fault } from "../../../runtime/base/fault.ts";
import type { NamedTensor, Tensor } from "../../../runtime/dataplane/tensor.ts";
import { validatedInputs, validatedOutputNames } from "../../../runtime/dataplane/validate.ts";
import type { Signature } from "../../../runtime/dataplane/signature.ts";

const signature: Signature = {
  inputs: [
    { name: "image", dtype: "float32", shape: [-1, 2, 3] },
    { name: "id", dtype: "int64", shape: [-1] },
  ],
  outputs: [
    { name: "label", dtype: "float32", shape: [-1, 5] },
    { name: "box", dtype: "float32", shape: [-1, 4] },
  ],
};

function floats(...shape: number[]): Tensor {
  return { dtype: "float32", shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) };
}

function ids(count: number): NamedTensor {
  return { name: "id", tensor: { dtype: "int64", shape: [count], data: new BigInt64Array(count) } };
}

function refusal(inputs: readonly NamedTensor[]): string {
  try {
    validatedInputs(signature, inputs);
    return "accepted";
  } catch (thrown) {
    return `${Fault.from(thrown).code}: ${Fault.from(thrown).message}`;
  }
}

describe("validated inputs", () => {
  it("have at most 250,000 strings", () => {
    const texts: Signature = { inputs: [{ name: "x", dtype: "string", shape: [-1] }], outputs: [] };
    const of = (count: number): NamedTensor => {
      const data = Array.from({ length: count }, () => new Uint8Array(0));
      return { name: "x", tensor: { dtype: "string", shape: [count], data } };
    };
    expect(validatedInputs(texts, [of(250_000)])).toHaveLength(1);
    expect(() => validatedInputs(texts, [of(250_001)])).toThrow("inputs.x has 250001 texts; must have 250000 at most");
  });

  it("are in the signature's order, not the request's", () => {
    const image = floats(4, 2, 3);
    expect(validatedInputs(signature, [ids(4), { name: "image", tensor: image }])).toEqual([image, ids(4).tensor]);
  });

  const table: Readonly<Record<string, readonly [NamedTensor[], string]>> = {
    "an input that the model does not have": [
      [{ name: "picture", tensor: floats(1, 2, 3), path: "instances[0].picture" }],
      'InputUnknown: instances[0].picture: the model has no input "picture"; its inputs are "image", "id"',
    ],
    "an input given twice": [
      [ids(1), ids(1)],
      'InputRepeated: inputs.id gives input "id" a second time; each input may be given once',
    ],
    "an input left out": [[ids(1)], 'InputMissing: input "image" is missing; the model\'s inputs are "image", "id"'],
    "another element type": [
      [{ name: "image", tensor: { dtype: "float64", shape: [1, 2, 3], data: new Float64Array(6) } }, ids(1)],
      "InputDtype: inputs.image is float64; must be float32",
    ],
    "another size": [
      [{ name: "image", tensor: floats(1, 3, 2) }, ids(1)],
      "InputShape: inputs.image has shape [1,3,2]; must be [-1,2,3]",
    ],
    "another rank": [
      [{ name: "image", tensor: floats(2, 3) }, ids(1)],
      "InputShape: inputs.image has shape [2,3]; must be [-1,2,3]",
    ],
    "fewer elements than the shape says": [
      [{ name: "image", tensor: { dtype: "float32", shape: [1, 2, 3], data: new Float32Array(5) } }, ids(1)],
      "InputSize: inputs.image holds 5 elements; shape [1,2,3] needs another number",
    ],
    "a shape whose product overflows": [
      [{ name: "image", tensor: { dtype: "float32", shape: [2 ** 53, 2, 3], data: new Float32Array(6) } }, ids(1)],
      "InputSize: inputs.image holds 6 elements; shape [9007199254740992,2,3] needs another number",
    ],
    "inputs of different numbers of rows": [
      [{ name: "image", tensor: floats(2, 2, 3) }, ids(3)],
      "BatchMismatch: inputs.id has 3 rows and inputs.image has 2; all inputs of a request must have the same number of rows",
    ],
  };
  it.each(Object.entries(table))("refuse %s", (_, [inputs, want]) => {
    expect(refusal(inputs)).toBe(want);
  });
});

describe("validated output names", () => {
  it("are all outputs when the request names none", () => {
    expect([validatedOutputNames(signature, undefined), validatedOutputNames(signature, [])]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("refuse an unknown name", () => {
    expect(() => validatedOutputNames(signature, ["box", "mask"])).toThrow(
      'the model has no output "mask"; its outputs are "label", "box"',
    );
  });
});
