import { describe, expect, it } from "vitest";
import { reachableOperations } from "../../../../../runtime/model/formats/saved-model/reachable-operations.ts";
import type {
  SourceGraph,
  SourceNode,
} from "../../../../../runtime/model/formats/tensorflow-graph/source/source-graph.ts";

function node(name: string, op: string, inputs: readonly string[] = [], calls: readonly string[] = []): SourceNode {
  return {
    name,
    op,
    inputs,
    attributes: new Map() as never,
    functions: new Map(calls.length === 0 ? [] : [["f", calls]]),
  }; // attributes do not matter here
}

function named(nodes: readonly SourceNode[]): ReadonlyMap<string, SourceNode> {
  return new Map(nodes.map((each) => [each.name, each]));
}

function graph(
  nodes: readonly SourceNode[],
  functions: Readonly<Record<string, readonly SourceNode[]>> = {},
): SourceGraph {
  return {
    nodes: named(nodes),
    functionNamed: (name) => {
      const body = functions[name];
      return body && { name, parameters: ["prefix"], results: [], nodes: named(body) };
    },
    outputsOf: () => undefined,
  };
}

const restoring = [
  node("file", "Placeholder"),
  node("restore", "RestoreV2", ["file:0"]),
  node("y", "MatMul", ["restore:0", "^barrier"]),
];

describe("reachable operations", () => {
  it("are those that the roots depend on and no others, control edges included", () => {
    const nodes = [...restoring, node("barrier", "NoOp"), node("save", "SaveV2", ["file"])];
    expect(reachableOperations(graph(nodes), ["y:0"], "file:0")).toEqual([
      "MatMul",
      "NoOp",
      "Placeholder",
      "RestoreV2",
    ]);
  });

  it("are all operations of called functions, nested and recursive calls included", () => {
    const functions = {
      outer: [node("a", "PartitionedCall", ["prefix"], ["inner"])],
      inner: [
        node("unused", "WriteFile"),
        node("b", "Identity", ["prefix"]),
        node("c", "If", ["b"], ["inner", "gone"]),
      ],
    };
    const nodes = [node("call", "StatefulPartitionedCall", [], ["outer"])];
    expect(reachableOperations(graph(nodes, functions), ["call"], undefined)).toEqual([
      "Identity",
      "If",
      "PartitionedCall",
      "StatefulPartitionedCall",
      "WriteFile",
    ]);
  });
});

describe("a restore", () => {
  it("may take its file name from a function's parameter through pass-through operations", () => {
    const functions = { restore: [node("same", "Identity", ["prefix"]), node("r", "RestoreV2", ["same:output:0"])] };
    const nodes = [node("call", "StatefulPartitionedCall", ["file"], ["restore"])];
    expect(reachableOperations(graph(nodes, functions), ["call"], "file:0")).toContain("RestoreV2");
  });

  it.each([
    ["a constant", [node("path", "Const"), node("r", "RestoreV2", ["path"])]],
    ["a computed name", [node("path", "StringJoin", ["file"]), node("r", "RestoreV2", ["path"])]],
    ["nothing", [node("r", "RestoreV2")]],
    ["itself", [node("r", "RestoreV2", ["i"]), node("i", "Identity", ["i"])]],
  ])("from %s is refused", (_, nodes) => {
    expect(() => reachableOperations(graph(nodes), ["r"], "file:0")).toThrow(
      '"r" restores from another file than the model\'s own variables',
    );
  });
});
