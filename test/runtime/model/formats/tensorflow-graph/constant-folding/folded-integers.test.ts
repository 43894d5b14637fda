import { describe, expect, it } from "vitest";
import { foldedIntegers } from "../../../../../../runtime/model/formats/tensorflow-graph/constant-folding/folded-integers.ts";
import type {
  Attribute,
  Constant,
  GraphNode,
  ValueRef,
} from "../../../../../../runtime/model/formats/tensorflow-graph/tensorflow-graph.ts";

const constant = (index: number): ValueRef => ({ from: "constant", index });
const result = (index: number): ValueRef => ({ from: "node", index, output: 0 });
const x: ValueRef = { from: "parameter", index: 0 };
const node = (
  op: string,
  inputs: readonly ValueRef[],
  attributes: Readonly<Record<string, Attribute>> = {},
): GraphNode => {
  return { name: op, op, inputs, attributes: new Map(Object.entries(attributes)), subgraphs: [] };
};
const integers = (...data: readonly number[]): Constant => {
  return { name: "c", tensor: { dtype: "int32", shape: [data.length], data: Int32Array.from(data) } };
};

describe("integer operations on constants", () => {
  it("are folded into constants", () => {
    const nodes = [
      node("ConcatV2", [constant(0), constant(1), constant(2)], { T: "int32" }),
      node("Shape", [x]),
      node("Transpose", [x, result(0)]),
      node("Reshape", [result(2), result(1)]),
    ];
    const zero: Constant = { name: "axis", tensor: { dtype: "int32", shape: [], data: Int32Array.of(0) } };
    const given = [integers(0, 1), integers(2), zero];
    const { body, constants } = foldedIntegers({ parameterCount: 1, nodes, results: [result(3)] }, given);
    expect(constants.slice(3)).toEqual([
      { name: "ConcatV2", tensor: { dtype: "int32", shape: [3], data: Int32Array.of(0, 1, 2) } },
    ]);
    expect(body).toEqual({
      parameterCount: 1,
      nodes: [node("Shape", [x]), node("Transpose", [x, constant(3)]), node("Reshape", [result(1), result(0)])],
      results: [result(2)],
    });
  });

  it.each<[string, GraphNode, Constant["tensor"]]>([
    [
      "stay 64 bits wide",
      node("AddV2", [constant(0), constant(0)], { T: "int64" }),
      { dtype: "int64", shape: [1], data: BigInt64Array.of(6n) },
    ],
    [
      "become 64 bits wide",
      node("Cast", [constant(0)], { SrcT: "int32", DstT: "int64" }),
      { dtype: "int64", shape: [1], data: BigInt64Array.of(3n) },
    ],
    [
      "become truths",
      node("Less", [constant(0), constant(0)], { T: "int32" }),
      { dtype: "bool", shape: [1], data: Uint8Array.of(0) },
    ],
  ])("%s", (_, one, tensor) => {
    const { constants } = foldedIntegers({ parameterCount: 0, nodes: [one], results: [result(0)] }, [integers(3)]);
    expect(constants[1]?.tensor).toEqual(tensor);
  });

  it("are kept where the values are long or an engine is needed", () => {
    const long = integers(...Array.from({ length: 65 }, (_, i) => i));
    const nodes = [node("AddV2", [constant(0), constant(0)], { T: "int32" }), node("Fill", [constant(1), constant(1)])];
    const { body } = foldedIntegers({ parameterCount: 0, nodes, results: [result(0)] }, [long, integers(1)]);
    expect(body.nodes).toHaveLength(2);
  });
});
