import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelFolder } from "../../../../../../runtime/model/formats/model-folder.ts";
import { readSavedModel } from "../../../../../../runtime/model/formats/saved-model/saved-model.ts";
import { unrolledLoops } from "../../../../../../runtime/model/formats/tensorflow-graph/constant-folding/unrolled-loops.ts";
import type { Subgraph } from "../../../../../../runtime/model/formats/tensorflow-graph/tensorflow-graph.ts";
import { fixtureFolder } from "../../../../../fixtures/archive.ts";
import { floats, integers, smallGraph, type SmallNode, spec } from "../../../../engines/tfjs/graph/small-graph.ts";

const constants = {
  zero: integers([], 0),
  one: integers([], 1),
  three: integers([], 3),
  many: integers([], 1000),
  shape: integers([1], 2),
  start: floats([2], 0, 0),
};

/** Adds the first `rounds` rows of x and keeps each sum. */
function summing(rounds: string, ...after: readonly SmallNode[]): ReturnType<typeof unrolledLoops> {
  const parameters = ["i", "sum", "rows", "sums"];
  const graph = smallGraph({
    inputs: [spec("x", "float32", 3, 2), spec("n", "int32")],
    outputs: [spec("y")],
    constants,
    nodes: [
      ["rows", "TensorListFromTensor", ["x", "shape"]],
      ["sums", "TensorListReserve", ["shape", "three"]],
      [
        "loop",
        "While",
        ["zero", "start", "rows", "sums"],
        {},
        [
          { parameters, nodes: [["less", "Less", ["i", rounds === "n" ? "sum" : rounds]]], results: ["less"] },
          {
            parameters,
            nodes: [
              ["next", "AddV2", ["i", "one"], { T: "int32" }],
              ["row", "TensorListGetItem", ["rows", "i", "shape"]],
              ["total", "AddV2", ["sum", "row"]],
              ["kept", "TensorListSetItem", ["sums", "i", "total"]],
            ],
            results: ["next", "total", "rows", "kept"],
          },
        ],
      ],
      ...after,
    ],
  });
  const [signature] = graph.signatures;
  return signature === undefined ? undefined : unrolledLoops(signature.body, graph.constants);
}

const operationsOf = (body: Subgraph | undefined): readonly string[] => (body?.nodes ?? []).map(({ op }) => op);
const stacked: SmallNode = ["y", "TensorListStack", ["loop:3", "shape"]];

describe("a loop with a known number of iterations", () => {
  it("is unrolled, and its lists become values", () => {
    const round = ["GatherV2", "AddV2"];
    expect(operationsOf(summing("three", stacked)?.body)).toEqual([...round, ...round, ...round, "Pack"]);
  });

  it("is removed when it has no iterations", () => {
    expect(operationsOf(summing("zero", ["y", "Neg", ["loop:1"]])?.body)).toEqual(["Neg"]);
  });

  it.each<[string, ReturnType<typeof summing>]>([
    ["its rounds depend on inputs", summing("n", ["y", "Neg", ["loop:1"]])],
    ["it goes round too often", summing("many", ["y", "Neg", ["loop:1"]])],
    ["its list is handed on", summing("three", ["y", "Identity", ["loop:3"]])],
    ["an item of its list is never set", summing("one", stacked)],
  ])("is left as it is when %s", (_, unrolled) => {
    expect(unrolled).toBeUndefined();
  });

  it("is unrolled in the recurrent layers of a model", () => {
    const folder = modelFolder(join(fixtureFolder("graph-models"), "text/saved_model"));
    const { signatures, constants: given } = readSavedModel({ folder, maxWeightBytes: 2 ** 30 });
    folder.close();
    const body = signatures[0]?.body ?? { parameterCount: 0, nodes: [], results: [] };
    expect(operationsOf(body).filter((op) => op === "While")).toHaveLength(4);
    const left = operationsOf(unrolledLoops(body, given)?.body);
    expect(left.filter((op) => op === "While" || op.startsWith("TensorList"))).toEqual([]);
    expect(left.filter((op) => op === "MatMul")).toHaveLength(4 * 12 * 2 + 1);
  });
});
