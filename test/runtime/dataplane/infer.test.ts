import { describe, expect, it } from "vitest";
import { Fault } from "../../../runtime/base/fault.ts";
import { faults } from "../../../runtime/dataplane/faults.ts";
import { infer, type InferTarget } from "../../../runtime/dataplane/infer.ts";
import { soleSignature, type TensorSpec } from "../../../runtime/dataplane/signature.ts";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";

/** A model with signature [-1,2] that accepts up to three elements of any shape. */
function target(isLenient: boolean): InferTarget {
  const given: TensorSpec = { name: "x", dtype: "float32", shape: [-1, 2], ...(isLenient ? { isLenient: true } : {}) };
  return {
    name: "m",
    version: 1,
    signatures: soleSignature({ inputs: [given], outputs: [{ name: "y", dtype: "float32", shape: [-1, 2] }] }),
    run: async (inputs) => {
      if ((inputs[0]?.data.length ?? 0) > 3) throw faults.EngineFailed({ model: "m", reason: "its insides" });
      return inputs;
    },
  };
}

async function answer(isLenient: boolean, ...shape: readonly number[]): Promise<unknown> {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const tensor: Tensor = { dtype: "float32", shape, data };
  const request = { model: { name: "m" }, inputs: [{ name: "x", tensor, path: "instances" }] };
  return infer(() => target(isLenient), request).then(
    ({ outputs }) => outputs[0]?.tensor.shape,
    (thrown: unknown) => `${Fault.from(thrown).code}: ${Fault.from(thrown).message}`,
  );
}

const blamed = (shape: string): string => `InputShape: instances has shape ${shape}; must be [-1,2]`;

describe("an input with another shape than the signature's", () => {
  it("is refused by a strict signature", async () => {
    expect(await answer(false, 3)).toBe(blamed("[3]"));
  });

  it("is passed to the engine by a lenient signature", async () => {
    expect(await answer(true, 3)).toEqual([3]);
    expect(await answer(true, 3, 1)).toEqual([3, 1]);
  });

  it("is reported when the engine fails on it", async () => {
    expect(await answer(true, 4)).toBe(blamed("[4]"));
  });

  it("is not reported when the shape is the signature's", async () => {
    expect(await answer(true, 2, 2)).toMatch(/^EngineFailed: .*its insides/);
  });
});
