import { type Builder, type Library, type Resolved, reference, type Scope } from "./scope.ts";
import { GraphError, type SourceFunction, type SourceNode } from "../source/source-graph.ts";
import type { GraphNode, Subgraph, ValueRef } from "../tensorflow-graph.ts";

type Outputs = (output: number) => Resolved;

/** Inlines loops and branches: their functions become subgraphs of the node. Undefined for other operations. Throws a GraphError. */
export function controlFlow(
  library: Library,
  node: SourceNode,
  inputs: readonly Resolved[],
  scope: Scope,
): Outputs | undefined {
  switch (node.op) {
    case "While":
    case "StatelessWhile":
      return loop(library, node, inputs, scope);
    case "If":
    case "StatelessIf":
    case "Case":
    case "StatelessCase":
      return branches(library, node, inputs, scope);
    default:
      return undefined;
  }
}

/** Attributes of `If` and `Case` that name functions. */
const branchAttributes = ["then_branch", "else_branch", "branches"];

/** Loop-invariant values are bound; the other loop variables become parameters. */
function loop(library: Library, node: SourceNode, inputs: readonly Resolved[], scope: Scope): Outputs {
  const [cond, body] = ["cond", "body"].map((name) => library.functionNamed(node.functions.get(name)?.[0]));
  if (cond === undefined || body === undefined) throw new GraphError(`node "${node.name}" lacks its functions`);
  const isBound = (input: Resolved, i: number): boolean =>
    input.from === "variable" || (input.from === "constant" && returnsParameter(body, i));
  const { parameters, kept } = boundParameters(inputs, isBound);
  const subgraphs = [
    subgraph(library, cond, { parameters, kept }, scope),
    subgraph(library, body, { parameters, kept, returned: kept }, scope),
  ];
  const index = emit(scope.builder, { ...shared(node, "While"), inputs: valuesOf(inputs, kept), subgraphs });
  return (output) => {
    const position = kept.indexOf(output);
    const bound = inputs[output];
    if (position >= 0) return { from: "node", index, output: position };
    if (bound === undefined) throw new GraphError(`node "${node.name}" (While) has no output ${output}`);
    return bound;
  };
}

function branches(library: Library, node: SourceNode, inputs: readonly Resolved[], scope: Scope): Outputs {
  const [choice, ...rest] = inputs;
  if (choice === undefined || choice.from === "variable") throw new GraphError(`node "${node.name}" has no condition`);
  const bound = boundParameters(rest, ({ from }) => from !== "node" && from !== "parameter");
  const names = branchAttributes.flatMap((attribute) => node.functions.get(attribute) ?? []);
  if (names.length === 0) throw new GraphError(`node "${node.name}" lacks its functions`);
  const subgraphs = names.map((name) => subgraph(library, library.functionNamed(name), bound, scope));
  const op = node.op.endsWith("If") ? "If" : "Case";
  const index = emit(scope.builder, {
    ...shared(node, op),
    inputs: [choice, ...valuesOf(rest, bound.kept)],
    subgraphs,
  });
  return (output) => ({ from: "node", index, output });
}

interface BoundParameters {
  /** The values of the function's parameters in its subgraph. */
  readonly parameters: readonly Resolved[];
  /** Positions of the inputs that remain parameters. */
  readonly kept: readonly number[];
  /** Positions of the results to return; absent: all. */
  readonly returned?: readonly number[];
}

function boundParameters(
  inputs: readonly Resolved[],
  isBound: (input: Resolved, i: number) => boolean,
): BoundParameters {
  const kept: number[] = [];
  const parameters = inputs.map((input, i): Resolved => {
    if (isBound(input, i)) return input;
    return { from: "parameter", index: kept.push(i) - 1 };
  });
  return { parameters, kept };
}

function subgraph(
  library: Library,
  called: SourceFunction,
  { parameters, kept, returned }: BoundParameters,
  { depth }: Scope,
): Subgraph {
  const builder: Builder = { nodes: [] };
  const results = library.called(called.name, parameters, { builder, depth });
  const positions = returned ?? results.map((_, i) => i);
  return { parameterCount: kept.length, nodes: builder.nodes, results: valuesOf(results, positions) };
}

/** Whether the function returns its parameter unchanged. */
function returnsParameter(called: SourceFunction, position: number): boolean {
  const parameter = called.parameters[position];
  let name = reference(called.results[position] ?? "?").node;
  for (let hops = 0; hops < 8 && name !== parameter; hops++) {
    const node = called.nodes.get(name);
    const [input] = node?.inputs ?? [];
    if (node?.op !== "Identity" || input === undefined) return false;
    name = reference(input).node;
  }
  return name === parameter;
}

function valuesOf(inputs: readonly Resolved[], positions: readonly number[]): readonly ValueRef[] {
  return positions.map((position) => {
    const input = inputs[position];
    if (input === undefined) throw new GraphError(`a loop or branch has no value ${position}`);
    if (input.from === "variable") throw new GraphError(`the variable "${input.name}" is returned by a loop or branch`);
    return input;
  });
}

function shared({ name, attributes }: SourceNode, op: string): Pick<GraphNode, "name" | "op" | "attributes"> {
  return { name, op, attributes };
}

function emit({ nodes }: Builder, node: GraphNode): number {
  return nodes.push(node) - 1;
}
