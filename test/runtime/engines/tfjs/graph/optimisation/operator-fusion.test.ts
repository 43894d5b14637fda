import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Core from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { type TensorFlow, tensorFlow } from "../../../../../../runtime/engines/tfjs/backend.ts";
import { foldedConstants } from "../../../../../../runtime/engines/tfjs/graph/optimisation/constant-folding.ts";
import { fusedOperators } from "../../../../../../runtime/engines/tfjs/graph/optimisation/operator-fusion.ts";
import { release, type Value } from "../../../../../../runtime/engines/tfjs/graph/value.ts";
import { loadedGraph } from "../../../../../../runtime/engines/tfjs/graph/graph-model.ts";
import { uploaded } from "../../../../../../runtime/engines/tfjs/tensors.ts";
import { modelFolder } from "../../../../../../runtime/model/formats/model-folder.ts";
import { readSavedModel } from "../../../../../../runtime/model/formats/saved-model/saved-model.ts";
import type { TensorFlowGraph } from "../../../../../../runtime/model/formats/tensorflow-graph/tensorflow-graph.ts";
import { fixtureFolder } from "../../../../../fixtures/archive.ts";
import { floats, smallGraph, type SmallNode, spec } from "../small-graph.ts";

const tf = createRequire(import.meta.url)("@tensorflow/tfjs-core") as typeof Core; // the instance that the engine uses
let flow: TensorFlow;
beforeAll(async () => {
  flow = await tensorFlow();
});

/** The operations of a graph's first signature after optimization. */
function operationsOf({ signatures, constants }: TensorFlowGraph): readonly string[] {
  const values: Value[] = constants.map(({ tensor }) =>
    tensor.dtype === "string" ? { kind: "strings", ...tensor } : uploaded(tf, tensor),
  );
  const store = { tf, values, computed: new Map() };
  const body = signatures[0]?.body ?? { parameterCount: 0, nodes: [], results: [] };
  const { nodes } = fusedOperators(store, foldedConstants(store, body));
  values.forEach(release);
  return nodes.map(({ op, attributes }) =>
    [op, ...((attributes.get("fused_ops") as string[] | undefined) ?? [])].join("+"),
  ); // written by the fusion
}

const weights = { w: floats([2, 2], 1, 2, 3, 4), two: floats([2], 2, 3), b: floats([2], 10, 20) };
const chain = (...nodes: readonly SmallNode[]): TensorFlowGraph =>
  smallGraph({
    inputs: [spec("x", "float32", -1, 2)],
    outputs: [spec("y", "float32", -1, 2)],
    constants: weights,
    nodes,
  });

describe("a product with following operations", () => {
  it.each<[string, TensorFlowGraph, readonly string[], readonly number[]]>([
    [
      "takes over scale, shift and activation",
      chain(["p", "MatMul", ["x", "w"]], ["s", "Mul", ["two", "p"]], ["a", "AddV2", ["s", "b"]], ["y", "Relu", ["a"]]),
      ["_FusedMatMul+BiasAdd+Relu"],
      [18, 38],
    ],
    [
      "takes over a shift before a scale",
      chain(["p", "MatMul", ["x", "w"]], ["a", "BiasAdd", ["p", "b"]], ["y", "Mul", ["a", "two"]]),
      ["_FusedMatMul+BiasAdd"],
      [28, 78],
    ],
    [
      "takes over what is subtracted from it",
      chain(["p", "MatMul", ["x", "w"]], ["y", "Sub", ["p", "b"]]),
      ["_FusedMatMul+BiasAdd"],
      [-6, -14],
    ],
    [
      "is left alone where it is subtracted from something",
      chain(["p", "MatMul", ["x", "w"]], ["y", "Sub", ["b", "p"]]),
      ["MatMul", "Sub"],
      [6, 14],
    ],
    [
      "keeps its value where another needs it, too",
      chain(["p", "MatMul", ["x", "w"]], ["a", "AddV2", ["p", "b"]], ["y", "Mul", ["a", "p"]]),
      ["MatMul", "AddV2", "Mul"],
      [56, 156],
    ],
  ])("%s", async (_, graph, operations, want) => {
    expect(operationsOf(graph)).toEqual(operations);
    const model = loadedGraph(flow, graph);
    expect(await model.infer([floats([1, 2], 1, 1)])).toEqual([floats([1, 2], ...want)]);
    model.unload();
  });

  it("is not fused beyond its activation", () => {
    const graph = chain(["p", "MatMul", ["x", "w"]], ["r", "Relu", ["p"]], ["y", "AddV2", ["r", "b"]]);
    expect(operationsOf(graph)).toEqual(["_FusedMatMul+Relu", "AddV2"]);
  });

  it("scales transposed weights along their rows", async () => {
    const graph = chain(["p", "MatMul", ["x", "w"], { transpose_b: true }], ["y", "Mul", ["p", "two"]]);
    const model = loadedGraph(flow, graph);
    expect(await model.infer([floats([1, 2], 1, 1)])).toEqual([floats([1, 2], 6, 21)]);
    model.unload();
  });

  it.each([
    ["cnn/saved_model", 3],
    ["cnn/k2_saved_model", 3],
  ])("has the normalisations of %s folded into it", (path, convolutions) => {
    const folder = modelFolder(join(fixtureFolder("graph-models"), path));
    const left = operationsOf(readSavedModel({ folder, maxWeightBytes: 2 ** 30 }));
    folder.close();
    expect(left.filter((op) => /Conv/.test(op))).toHaveLength(convolutions);
    expect(left.filter((op) => /^(FusedBatchNorm|Rsqrt|Mul|Sub|BiasAdd|Relu6)/.test(op))).toEqual([]);
  });
});
