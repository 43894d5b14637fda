import { attributesOf, functionsOf } from "./attributes.ts";
import { constantTensor, type ExpansionBudget } from "./constant-tensor.ts";
import { type FunctionDef, functionDef, functionHead, type GraphDef, type NodeDef, type OpDef } from "./graph-proto.ts";
import { GraphError, type SourceFunction, type SourceGraph, type SourceNode } from "./source-graph.ts";

/** A source graph from a GraphDef. `operations` are the file's declarations of operations. Throws a GraphError. */
export function protoGraph(graph: GraphDef, operations: readonly OpDef[], budget: ExpansionBudget): SourceGraph {
  const encoded = new Map<string, Uint8Array>();
  for (const bytes of graph.library?.function ?? []) {
    encoded.set(functionHead.decode(bytes).signature?.name ?? "", bytes);
  }
  const decoded = new Map<string, SourceFunction>();
  const declared = new Map(operations.map((operation) => [operation.name, outputsOf(operation)]));
  return {
    nodes: nodesByName(graph.node, budget),
    functionNamed: (name) => {
      const bytes = encoded.get(name);
      if (bytes === undefined) return undefined;
      const known = decoded.get(name) ?? sourceFunction(functionDef.decode(bytes), budget);
      decoded.set(name, known);
      return known;
    },
    outputsOf: (op) => declared.get(op),
  };
}

function outputsOf({ outputArg }: OpDef): ReturnType<SourceGraph["outputsOf"]> {
  return outputArg.map(({ name, numberAttr, typeListAttr }) => {
    const lengthAttribute = numberAttr === "" ? typeListAttr : numberAttr;
    return { name, ...(lengthAttribute === "" ? {} : { lengthAttribute }) };
  });
}

/** A function of the library. Throws a GraphError. */
function sourceFunction({ signature, nodeDef, ret }: FunctionDef, budget: ExpansionBudget): SourceFunction {
  const name = signature?.name ?? "";
  const returned = new Map(ret.map(({ key, value }) => [key, value]));
  return {
    name,
    parameters: (signature?.inputArg ?? []).map(({ name }) => name),
    results: (signature?.outputArg ?? []).map((output) => {
      const value = returned.get(output.name);
      if (value === undefined) throw new GraphError(`function "${name}" does not return "${output.name}"`);
      return value;
    }),
    nodes: nodesByName(nodeDef, budget),
  };
}

function nodesByName(nodes: readonly NodeDef[], budget: ExpansionBudget): ReadonlyMap<string, SourceNode> {
  return new Map(nodes.map((node) => [node.name, sourceNode(node, budget)]));
}

function sourceNode({ name, op, input, attr }: NodeDef, budget: ExpansionBudget): SourceNode {
  const tensor = attr.get("value")?.tensor;
  return {
    name,
    op,
    inputs: input,
    attributes: attributesOf(attr),
    functions: functionsOf(attr),
    ...(tensor === undefined ? {} : { value: () => constantTensor(tensor, budget) }),
  };
}
