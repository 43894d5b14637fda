import { beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../../../../../runtime/dataplane/tensor.ts";
import { type TensorFlow, tensorFlow } from "../../../../../../runtime/engines/tfjs/backend.ts";
import { loadedGraph } from "../../../../../../runtime/engines/tfjs/graph/graph-model.ts";
import { operations } from "../../../../../../runtime/engines/tfjs/graph/operations/operations.ts";
import type { Attribute } from "../../../../../../runtime/model/formats/tensorflow-graph/tensorflow-graph.ts";
import { floats, integers, smallGraph, spec } from "../small-graph.ts";

let flow: TensorFlow;
beforeAll(async () => {
  flow = await tensorFlow();
});

type Case = readonly [
  op: string,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  attributes?: Readonly<Record<string, Attribute>>,
];

const i = integers;
const f = floats;
const truths = (shape: readonly number[], ...data: readonly number[]): Tensor => ({
  dtype: "bool",
  shape,
  data: Uint8Array.from(data),
});
const image = f([1, 2, 2, 1], 1, 2, 3, 4);

const cases: readonly Case[] = [
  ["Abs", [f([2], -1, 2)], [f([2], 1, 2)]],
  ["LeakyRelu", [f([2], -10, 2)], [f([2], -1, 2)], { alpha: 0.1 }],
  ["Erfc", [f([2], 0, 0.5)], [f([2], 1, 0.4795001)]],
  ["Softsign", [f([2], -1, 3)], [f([2], -0.5, 0.75)]],
  ["Rint", [f([4], 0.5, 1.5, 2.5, -0.6)], [f([4], 0, 2, 2, -1)]],
  ["RealDiv", [i([2], 1, 7), i([], 2)], [f([2], 0.5, 3.5)]],
  ["FloorDiv", [i([2], -7, 7), i([], 2)], [i([2], -4, 3)]],
  ["FloorDiv", [f([2], -7, 7), f([], 2)], [f([2], -4, 3)]],
  ["FloorMod", [f([2], -7, 7), f([], 3)], [f([2], 2, 1)]],
  ["SquaredDifference", [f([2], 1, 5), f([2], 4, 3)], [f([2], 9, 4)]],
  ["LogicalAnd", [truths([2], 1, 0), truths([2], 1, 1)], [truths([2], 1, 0)]],
  ["LogicalNot", [truths([2], 1, 0)], [truths([2], 0, 1)]],
  ["Less", [f([2], 1, 2), f([2], 2, 1)], [truths([2], 1, 0)]],
  ["Cast", [f([3], -1.7, 0, 2.9)], [i([3], -1, 0, 2)], { DstT: "int64" }],
  ["Cast", [f([3], -1.7, 0, 2.9)], [truths([3], 1, 0, 1)], { DstT: "bool" }],
  ["ClipByValue", [f([3], -5, 0.5, 5), f([], -1), f([], 1)], [f([3], -1, 0.5, 1)]],
  ["AddN", [f([2], 1, 2), f([2], 3, 4), f([2], 5, 6)], [f([2], 9, 12)]],
  ["BiasAdd", [f([1, 2, 1, 2], 0, 0, 0, 0), f([2], 1, 2)], [f([1, 2, 1, 2], 1, 1, 2, 2)], { data_format: "NCHW" }],
  ["SelectV2", [truths([2, 1], 1, 0), f([2], 1, 2), f([2], 3, 4)], [f([2, 2], 1, 2, 3, 4)]],
  ["Select", [truths([2], 1, 0), f([2, 2], 1, 2, 3, 4), f([2, 2], 5, 6, 7, 8)], [f([2, 2], 1, 2, 7, 8)]],

  ["MatMul", [f([2, 1], 1, 2), f([3, 1], 1, 2, 3)], [f([2, 3], 1, 2, 3, 2, 4, 6)], { transpose_b: true }],
  ["BatchMatMulV2", [f([2, 1, 2], 1, 2, 3, 4), f([1, 1, 2], 5, 6)], [f([2, 1, 1], 17, 39)], { adj_y: true }],
  ["Einsum", [f([2, 2], 1, 2, 3, 4), f([2], 1, 10)], [f([2], 21, 43)], { equation: "ij,j->i" }],
  [
    "Einsum",
    [f([1, 2, 1, 2], 1, 2, 3, 4), f([1, 1, 1, 2], 5, 6)],
    [f([1, 1, 2, 1], 17, 39)],
    { equation: "BTNH,BSNH->BNTS" },
  ],
  [
    "Einsum",
    [f([2, 2], 1, 2, 3, 4), f([2, 1, 2], 1, 0, 0, 1)],
    [f([2, 1, 2], 1, 2, 3, 4)],
    { equation: "...d,dnh->...nh" },
  ],
  ["Einsum", [f([2, 2], 1, 2, 3, 4)], [f([2], 4, 6)], { equation: "ab->b" }],
  ["MatrixBandPart", [f([2, 2], 1, 2, 3, 4), i([], -1), i([], 0)], [f([2, 2], 1, 0, 3, 4)]],
  [
    "_FusedMatMul",
    [f([1, 2], 1, -1), f([2, 2], 1, 2, 3, 4), f([2], 1, 5)],
    [f([1, 2], 0, 3)],
    { fused_ops: ["BiasAdd", "Relu"] },
  ],

  ["Conv2D", [image, f([2, 2, 1, 1], 1, 1, 1, 1)], [f([1, 1, 1, 1], 10)], { strides: [1, 1, 1, 1], padding: "VALID" }],
  [
    "Conv2D",
    [f([1, 1, 2, 2], 1, 2, 3, 4), f([2, 2, 1, 1], 1, 1, 1, 1)],
    [f([1, 1, 2, 2], 10, 6, 7, 4)],
    { strides: [1, 1, 1, 1], padding: "SAME", data_format: "NCHW" },
  ],
  [
    "Conv2D",
    [image, f([1, 1, 1, 1], 2)],
    [f([1, 3, 3, 1], 0, 0, 0, 0, 2, 4, 0, 6, 8)],
    { strides: [1, 1, 1, 1], padding: "EXPLICIT", explicit_paddings: [0, 0, 1, 0, 1, 0, 0, 0] },
  ],
  [
    "Conv2D",
    [f([1, 1, 1, 2], 3, 5), f([1, 1, 1, 2], 2, 10)],
    [f([1, 1, 1, 2], 6, 50)],
    { strides: [1, 1, 1, 1], padding: "VALID" },
  ],
  [
    "DepthwiseConv2dNative",
    [f([1, 1, 1, 2], 3, 5), f([1, 1, 2, 1], 2, 10)],
    [f([1, 1, 1, 2], 6, 50)],
    { strides: [1, 1, 1, 1], padding: "SAME" },
  ],
  [
    "Conv2DBackpropInput",
    [i([4], 1, 2, 2, 1), f([2, 2, 1, 1], 1, 2, 3, 4), f([1, 1, 1, 1], 10)],
    [f([1, 2, 2, 1], 10, 20, 30, 40)],
    { strides: [1, 2, 2, 1], padding: "VALID" },
  ],
  ["MaxPool", [image], [f([1, 1, 1, 1], 4)], { ksize: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: "VALID" }],
  [
    "AvgPool",
    [f([1, 1, 2, 2], 1, 2, 3, 4)],
    [f([1, 1, 1, 1], 2.5)],
    { ksize: [1, 1, 2, 2], strides: [1, 1, 2, 2], padding: "VALID", data_format: "NCHW" },
  ],
  [
    "FusedBatchNormV3",
    [f([1, 1, 2, 1], 1, 3), f([1], 2), f([1], 1), f([1], 2), f([1], 4)],
    [f([1, 1, 2, 1], 0, 2)],
    { is_training: false, epsilon: 0 },
  ],
  [
    "FusedBatchNormV3",
    [f([1, 1, 2, 1], 1, 3), f([1], 2), f([1], 1), f([0]), f([0])],
    [f([1, 1, 2, 1], -1, 3)],
    { is_training: true, epsilon: 0 },
  ],

  ["Shape", [f([2, 3], 1, 2, 3, 4, 5, 6)], [i([2], 2, 3)]],
  ["Size", [f([2, 3], 1, 2, 3, 4, 5, 6)], [i([], 6)]],
  ["Rank", [f([2, 3], 1, 2, 3, 4, 5, 6)], [i([], 2)]],
  ["Squeeze", [f([1, 2, 1], 1, 2)], [f([1, 2], 1, 2)], { squeeze_dims: [-1] }],
  ["ExpandDims", [f([2], 1, 2), i([], -1)], [f([2, 1], 1, 2)]],
  ["Transpose", [f([2, 2], 1, 2, 3, 4), i([2], 1, 0)], [f([2, 2], 1, 3, 2, 4)]],
  ["BroadcastTo", [f([2], 1, 2), i([2], 2, 2)], [f([2, 2], 1, 2, 1, 2)]],
  ["Tile", [f([2], 1, 2), i([1], 2)], [f([4], 1, 2, 1, 2)]],
  ["PadV2", [f([1, 2], 1, 2), i([2, 2], 0, 1, 1, 0), f([], 9)], [f([2, 3], 9, 1, 2, 9, 9, 9)]],
  ["MirrorPad", [f([3], 1, 2, 3), i([1, 2], 1, 2)], [f([6], 2, 1, 2, 3, 2, 1)], { mode: "REFLECT" }],
  ["ReverseV2", [f([2, 2], 1, 2, 3, 4), i([1], 1)], [f([2, 2], 2, 1, 4, 3)]],
  ["Roll", [f([4], 1, 2, 3, 4), i([1], 1), i([1], 0)], [f([4], 4, 1, 2, 3)]],
  ["SpaceToBatchND", [image, i([2], 2, 2), i([2, 2], 0, 0, 0, 0)], [f([4, 1, 1, 1], 1, 2, 3, 4)]],
  ["BatchToSpaceND", [f([4, 1, 1, 1], 1, 2, 3, 4), i([2], 2, 2), i([2, 2], 0, 0, 0, 0)], [image]],
  ["DepthToSpace", [f([1, 1, 1, 4], 1, 2, 3, 4)], [image], { block_size: 2 }],

  ["ConcatV2", [f([1, 2], 1, 2), f([1, 1], 3), i([], 1)], [f([1, 3], 1, 2, 3)]],
  ["Pack", [f([2], 1, 2), f([2], 3, 4)], [f([2, 2], 1, 3, 2, 4)], { axis: -1 }],
  ["Unpack", [f([2, 2], 1, 2, 3, 4)], [f([2], 1, 3), f([2], 2, 4)], { axis: 1, num: 2 }],
  ["Split", [i([], 0), f([2, 1], 1, 2)], [f([1, 1], 1), f([1, 1], 2)], { num_split: 2 }],
  ["SplitV", [f([3], 1, 2, 3), i([2], 1, 2), i([], 0)], [f([1], 1), f([2], 2, 3)]],
  ["Slice", [f([3], 1, 2, 3), i([1], 1), i([1], -1)], [f([2], 2, 3)]],
  [
    "StridedSlice",
    [f([2, 2], 1, 2, 3, 4), i([2], 0, 1), i([2], 0, 2), i([2], 1, 1)],
    [f([2], 2, 4)],
    { begin_mask: 1, end_mask: 1, shrink_axis_mask: 2 },
  ],
  ["GatherV2", [f([2, 2], 1, 2, 3, 4), i([1], 1), i([], 0)], [f([1, 2], 3, 4)]],
  ["GatherV2", [f([2, 2], 1, 2, 3, 4), i([2, 1], 1, 0), i([], 1)], [f([2, 1], 2, 3)], { batch_dims: 1 }],
  ["GatherNd", [f([2, 2], 1, 2, 3, 4), i([1, 2], 1, 0)], [f([1], 3)]],
  ["TopKV2", [f([3], 1, 3, 2), i([], 2)], [f([2], 3, 2), i([2], 1, 2)], { sorted: true }],
  ["ArgMax", [f([2, 2], 1, 2, 4, 3), i([], 1)], [i([2], 1, 0)]],
  ["Where", [truths([2, 2], 1, 0, 0, 1)], [i([2, 2], 0, 0, 1, 1)]],
  ["Cumsum", [f([3], 1, 2, 3), i([], 0)], [f([3], 0, 1, 3)], { exclusive: true }],

  ["Sum", [f([2, 2], 1, 2, 3, 4), i([1], 1)], [f([2, 1], 3, 7)], { keep_dims: true }],
  ["Mean", [f([2, 2], 1, 2, 3, 4), i([1], -1)], [f([2], 1.5, 3.5)]],
  ["Max", [f([2, 2], 1, 2, 3, 4), i([2], 0, 1)], [f([], 4)]],
  ["Prod", [f([2], 3, 4), i([1], 0)], [f([], 12)]],
  ["All", [truths([2, 2], 1, 0, 1, 1), i([1], 1)], [truths([2], 0, 1)]],
  ["Sum", [f([2], 1, 2), i([0])], [f([2], 1, 2)]],
  ["UnsortedSegmentSum", [f([3], 1, 2, 3), i([3], 1, 0, 1), i([], 2)], [f([2], 2, 4)]],
  ["L2Loss", [f([2], 3, 4)], [f([], 12.5)]],

  ["Fill", [i([1], 2), f([], 7)], [f([2], 7, 7)]],
  ["LinSpace", [f([], 0), f([], 1), i([], 3)], [f([3], 0, 0.5, 1)]],
  ["OneHot", [i([2], 1, -1), i([], 2), f([], 5), f([], 1)], [f([2, 2], 1, 5, 1, 1)], { T: "float32" }],
  ["Range", [i([], 1), i([], 6), i([], 2)], [i([3], 1, 3, 5)]],
  ["Range", [f([], 0), f([], 1), f([], 0.5)], [f([2], 0, 0.5)]],
  ["ScatterNd", [i([2, 1], 2, 0), f([2], 5, 6), i([1], 3)], [f([3], 6, 0, 5)]],
  ["TensorScatterUpdate", [f([2], 1, 2), i([1, 1], 1), f([1], 9)], [f([2], 1, 9)]],
  ["ResizeNearestNeighbor", [f([1, 1, 1, 1], 3), i([2], 2, 1)], [f([1, 2, 1, 1], 3, 3)]],
  [
    "ResizeBilinear",
    [f([1, 1, 2, 1], 0, 4), i([2], 1, 4)],
    [f([1, 1, 4, 1], 0, 1, 3, 4)],
    { half_pixel_centers: true },
  ],
];

const titled = cases.map((one, number) => ({ title: `${one[0]} (${number})`, one }));

/** Inputs come in from outside, so that kernels compute, and as constants, so that they are folded. */
describe.each([
  ["on inputs", false],
  ["on constants", true],
])("each operation of a graph computes what TensorFlow does, %s", (_, areConstant) => {
  it.each(titled)("$title", async ({ one: [op, inputs, outputs, attributes = {}] }) => {
    const names = inputs.map((_, position) => `x${position}`);
    const results = outputs.map((_, position) => `y:${position}`);
    const graph = smallGraph({
      inputs: areConstant
        ? []
        : inputs.map(({ dtype, shape }, position) => spec(names[position] ?? "", dtype, ...shape)),
      outputs: outputs.map(({ dtype, shape }, position) => spec(results[position] ?? "", dtype, ...shape)),
      constants: areConstant ? Object.fromEntries(inputs.map((tensor, position) => [names[position], tensor])) : {},
      nodes: [["y", op, names, attributes]],
    });
    const model = loadedGraph(flow, graph);
    const answer = await model.infer(areConstant ? [] : inputs);
    model.unload();
    expect(answer.map(rounded)).toEqual(outputs.map(rounded));
  });
});

function rounded({ dtype, shape, data }: Tensor): object {
  const numbers: readonly (number | bigint)[] = dtype === "string" ? [] : [...data];
  const values = numbers.map((value) =>
    Number(value)
      .toFixed(3)
      .replace(/^-0\.000$/, "0.000"),
  );
  return { dtype, shape, values };
}

describe("the list of operations", () => {
  it("has no name that means something to JavaScript objects, and none that leaves the graph", () => {
    for (const name of ["constructor", "__proto__", "toString", "ReadFile", "WriteFile", "PyFunc", "EagerPyFunc"]) {
      expect(operations.has(name)).toBe(false);
    }
  });

  it("refuses sizes before anything of them is made", () => {
    const huge = i([2], 1_048_576, 1_048_576);
    const graph = smallGraph({
      inputs: [spec("x", "int32", 2)],
      outputs: [spec("y")],
      constants: { one: f([], 1) },
      nodes: [["y", "Fill", ["x", "one"]]],
    });
    const model = loadedGraph(flow, graph);
    expect(() => model.infer([huge])).toThrow("Fill: a value of shape [1048576,1048576] is not allowed");
    model.unload();
  });

  it("does not let values grow beyond their limit by broadcasting", () => {
    const graph = smallGraph({
      inputs: [spec("a", "float32", -1, 1), spec("b", "float32", 1, -1)],
      outputs: [spec("y", "float32", -1, -1)],
      nodes: [["y", "AddV2", ["a", "b"]]],
    });
    const model = loadedGraph(flow, graph);
    const [a, b] = [f([65_536, 1], ...new Float32Array(65_536)), f([1, 65_536], ...new Float32Array(65_536))];
    expect(() => model.infer([a, b])).toThrow("a value would take 17179869184 bytes; at most 1073741824 are allowed");
    expect(model.infer([f([1, 1], 1), f([1, 1], 2)])).toEqual([f([1, 1], 3)]);
    model.unload();
  });
});
