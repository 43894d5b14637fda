import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../../../../../runtime/dataplane/tensor.ts";
import { type TensorFlow, tensorFlow } from "../../../../../../runtime/engines/tfjs/backend.ts";
import { loadedGraph } from "../../../../../../runtime/engines/tfjs/graph/graph-model.ts";
import type { Attribute } from "../../../../../../runtime/model/formats/tensorflow-graph/tensorflow-graph.ts";
import { integers, smallGraph, type SmallNode, spec } from "../small-graph.ts";

let flow: TensorFlow;
beforeAll(async () => {
  flow = await tensorFlow();
});

type Call = readonly [op: string, inputs: readonly Tensor[], attributes?: Readonly<Record<string, Attribute>>];

/** The outputs of an operation on integers, computed on the host if `isOnHost`, else by a kernel. */
async function answerOf([op, inputs, attributes = {}]: Call, isOnHost: boolean): Promise<unknown> {
  const names = inputs.map((_, i) => `x${i}`);
  // The rank of nothing is 0: adding it to a constant gives Numbers that are not constant; adding it to an input keeps a tensor.
  const shifted = names.map((name, i): SmallNode => [
    `s${i}`,
    "AddV2",
    [isOnHost ? `c${i}` : name, "zero"],
    { T: "int32" },
  ]);
  const graph = smallGraph({
    inputs: [spec("scalar", "float32"), ...inputs.map(({ shape }, i) => spec(`x${i}`, "int32", ...shape))],
    outputs: [spec("y", /Less|Greater|Equal/.test(op) ? "bool" : "int32")],
    constants: Object.fromEntries(inputs.map((tensor, i) => [`c${i}`, tensor])),
    nodes: [["zero", "Rank", ["scalar"]], ...shifted, ["y", op, names.map((_, i) => `s${i}`), attributes]],
  });
  const model = loadedGraph(flow, graph);
  const scalar: Tensor = { dtype: "float32", shape: [], data: Float32Array.of(1) };
  try {
    return await model.infer([scalar, ...inputs]);
  } finally {
    model.unload();
  }
}

const list = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 5 });

describe("integer operations on the host", () => {
  const pairs = ["AddV2", "Sub", "Mul", "Maximum", "Minimum", "Less", "LessEqual", "Greater", "GreaterEqual", "Equal"];
  it.each(pairs)("%s computes the same as the kernel", async (op) => {
    await fc.assert(
      fc.asyncProperty(list, fc.integer({ min: -50, max: 50 }), async (values, scalar) => {
        const inputs = [integers([values.length], ...values), integers([], scalar)];
        expect(await answerOf([op, inputs, { T: "int32" }], true)).toEqual(await answerOf([op, inputs], false));
      }),
      { numRuns: 10 },
    );
  });

  const three = integers([3], 5, 6, 7);
  const calls: readonly Call[] = [
    ["StridedSlice", [three, integers([1], 1), integers([1], 2), integers([1], 1)], { shrink_axis_mask: 1 }],
    ["StridedSlice", [three, integers([1], -1), integers([1], 9), integers([1], 1)], { shrink_axis_mask: 1 }],
    ["StridedSlice", [three, integers([1], -2), integers([1], 0), integers([1], 1)], { end_mask: 1 }],
    ["StridedSlice", [three, integers([1], 2), integers([1], -1), integers([1], 1)], { begin_mask: 1 }],
    ["Slice", [three, integers([1], 1), integers([1], -1)]],
    ["Slice", [three, integers([1], 0), integers([1], 2)]],
    ["ConcatV2", [three, integers([1], 9), integers([], 0)]],
    ["Pack", [integers([], 1), integers([], 2)], { axis: 0 }],
    ["GatherV2", [three, integers([2], 2, 0), integers([], 0)]],
    ["GatherV2", [three, integers([], 1), integers([], 0)]],
    ["Prod", [three, integers([1], 0)]],
    ["Sum", [three, integers([1], 0)]],
    ["Reshape", [three, integers([2], -1, 1)]],
    ["Range", [integers([], 2), integers([], 9), integers([], 3)]],
    ["ExpandDims", [integers([], 3), integers([], 0)]],
    ["Squeeze", [integers([1], 3)]],
    ["Cast", [three], { DstT: "int64" }],
  ];
  it.each(calls.map((call, number) => ({ title: `${call[0]} (${number})`, call })))(
    "$title computes the same as the kernel",
    async ({ call }) => {
      expect(await answerOf(call, true)).toEqual(await answerOf(call, false));
    },
  );

  it("wraps 32-bit integers around and refuses 64-bit ones that do not fit", async () => {
    const inputs = [integers([], 2_000_000_000), integers([], 2)];
    expect(await answerOf(["Mul", inputs, { T: "int32" }], true)).toEqual([integers([], -294_967_296)]);
    await expect(answerOf(["Mul", inputs, { T: "int64" }], true)).rejects.toThrow(
      "Mul: 4000000000 does not fit 32 bits, which graphs are computed with",
    );
  });
});
