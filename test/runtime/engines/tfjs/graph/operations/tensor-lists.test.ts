import { createRequire } from "node:module";
import type * as Core from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../../../../../runtime/dataplane/tensor.ts";
import { type TensorFlow, tensorFlow } from "../../../../../../runtime/engines/tfjs/backend.ts";
import { loadedGraph } from "../../../../../../runtime/engines/tfjs/graph/graph-model.ts";
import { floats, integers, smallGraph, type SmallNode, spec } from "../small-graph.ts";

const tf = createRequire(import.meta.url)("@tensorflow/tfjs-core") as typeof Core; // the instance that the engine uses
let flow: TensorFlow;
beforeAll(async () => {
  flow = await tensorFlow();
});

const constants = {
  zero: integers([], 0),
  one: integers([], 1),
  two: integers([], 2),
  shape: integers([1], 2),
  any: integers([], -1),
  order: integers([2], 1, 0),
};

/** The value of `y` after these steps on x = [[1, 2], [3, 4]]; no tensor may leak. */
async function result(nodes: readonly SmallNode[]): Promise<Tensor | undefined> {
  const inputs = [spec("x", "float32", 2, 2)];
  const model = loadedGraph(flow, smallGraph({ inputs, outputs: [spec("y")], constants, nodes }));
  const before = tf.memory().numTensors;
  const [answer] = await model.infer([floats([2, 2], 1, 2, 3, 4)]);
  expect(tf.memory().numTensors).toBe(before);
  model.unload();
  return answer;
}

const row: SmallNode = ["row", "GatherV2", ["x", "one", "zero"]];
const fromTensor: SmallNode = ["list", "TensorListFromTensor", ["x", "shape"]];

describe("lists of tensors in a graph", () => {
  it("are created from a tensor's rows and stacked again", async () => {
    expect(await result([fromTensor, ["y", "TensorListStack", ["list", "shape"]]])).toEqual(floats([2, 2], 1, 2, 3, 4));
  });

  it("have zeros for items that were never set", async () => {
    const nodes: SmallNode[] = [
      row,
      ["list", "TensorListReserve", ["shape", "two"], { element_dtype: "float32" }],
      ["set", "TensorListSetItem", ["list", "one", "row"]],
      ["y", "TensorListStack", ["set", "shape"]],
    ];
    expect(await result(nodes)).toEqual(floats([2, 2], 0, 0, 3, 4));
  });

  it("are values: a list that is still used does not change when another is derived from it", async () => {
    const nodes: SmallNode[] = [
      row,
      fromTensor,
      ["set", "TensorListSetItem", ["list", "zero", "row"]],
      ["old", "TensorListGetItem", ["list", "zero", "shape"]],
      ["new", "TensorListGetItem", ["set", "zero", "shape"]],
      ["y", "Pack", ["old", "new"], { axis: 0 }],
    ];
    expect(await result(nodes)).toEqual(floats([2, 2], 1, 2, 3, 4));
  });

  it("grow and shrink at the end", async () => {
    const nodes: SmallNode[] = [
      row,
      fromTensor,
      ["more", "TensorListPushBack", ["list", "row"]],
      ["length", "TensorListLength", ["more"]],
      ["less", "TensorListPopBack", ["more", "shape"]],
      ["count", "Cast", ["length"], { DstT: "float32" }],
      ["y", "Mul", ["less:1", "count"]],
    ];
    expect(await result(nodes)).toEqual(floats([2], 9, 12));
  });

  it("are gathered in any order", async () => {
    expect(await result([fromTensor, ["y", "TensorListGather", ["list", "order", "shape"]]])).toEqual(
      floats([2, 2], 3, 4, 1, 2),
    );
  });

  it.each<[string, SmallNode]>([
    ["TensorListSetItem: a list of 2 items has no item 2", ["y", "TensorListSetItem", ["list", "two", "row"]]],
    ["TensorListGetItem: a list of 2 items has no item -1", ["y", "TensorListGetItem", ["list", "any", "shape"]]],
  ])("fail where there is no such item: %s", async (message, node) => {
    const inputs = [spec("x", "float32", 2, 2)];
    const model = loadedGraph(
      flow,
      smallGraph({ inputs, outputs: [spec("y")], constants, nodes: [row, fromTensor, node] }),
    );
    const before = tf.memory().numTensors;
    expect(() => model.infer([floats([2, 2], 1, 2, 3, 4)])).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
    model.unload();
  });
});

describe("branches of a graph", () => {
  const branch = (op: string): { parameters: string[]; nodes: SmallNode[]; results: string[] } => ({
    parameters: ["a"],
    nodes: [["r", op, ["a"]]],
    results: ["r"],
  });
  it.each([
    [1, [-1, 2]],
    [0, [1, 4]],
  ])("take the one that the condition %i says", async (condition, want) => {
    const graph = smallGraph({
      inputs: [spec("c", "bool"), spec("x", "float32", 2)],
      outputs: [spec("y", "float32", 2)],
      nodes: [["y", "If", ["c", "x"], {}, [branch("Neg"), branch("Square")]]],
    });
    const model = loadedGraph(flow, graph);
    const chosen: Tensor = { dtype: "bool", shape: [], data: Uint8Array.of(condition) };
    expect(await model.infer([chosen, floats([2], 1, -2)])).toEqual([floats([2], ...want)]);
    model.unload();
  });

  it.each([
    [0, -3],
    [1, 9],
    [2, 3],
    [-7, 3],
    [99, 3],
  ])("number %i gives %i", async (number, want) => {
    const graph = smallGraph({
      inputs: [spec("n", "int32"), spec("x", "float32")],
      outputs: [spec("y", "float32")],
      nodes: [["y", "Case", ["n", "x"], {}, [branch("Neg"), branch("Square"), branch("Abs")]]],
    });
    const model = loadedGraph(flow, graph);
    expect(await model.infer([integers([], number), floats([], 3)])).toEqual([floats([], want)]);
    model.unload();
  });
});
