import { GraphError, type SourceFunction, type SourceNode } from "../source/source-graph.ts";
import type { GraphNode, ValueRef } from "../tensorflow-graph.ts";

/** The resolved meaning of a reference: a value, or a variable that is not read yet. */
export type Resolved = ValueRef | { readonly from: "variable"; readonly name: string };

/** Collects the nodes of a subgraph: the body of a signature, loop or branch. */
export interface Builder {
  readonly nodes: GraphNode[];
}

/** The names of the main graph or of one function call. */
export interface Scope {
  readonly nodes: ReadonlyMap<string, SourceNode>;
  readonly parameters: ReadonlyMap<string, Resolved>;
  /** Values that replace outputs of nodes, by `node:0`. */
  readonly fed: ReadonlyMap<string, Resolved>;
  /** The resolved outputs of visited nodes, by node name. */
  readonly known: Map<string, (output: number) => Resolved>;
  readonly builder: Builder;
  readonly depth: number;
}

/** The builder that a call adds nodes to, and the depth of nested calls. */
export type CallContext = Pick<Scope, "builder" | "depth">;

/** The function library of a graph, for loops and branches. */
export interface Library {
  /** Throws a GraphError when there is none. */
  functionNamed(name: string | undefined): SourceFunction;
  /** The results of a call with these arguments. */
  called(name: string, given: readonly Resolved[], context: CallContext): readonly Resolved[];
}

/** The parts of `node`, `node:1`, `node:output:0`. */
export interface Reference {
  readonly node: string;
  /** Name of the output argument; absent: `output` is an index over all outputs. */
  readonly argument?: string;
  readonly output: number;
}

/** Parses a reference. Throws a GraphError. */
export function reference(text: string): Reference {
  const [node = "", second, third] = text.split(":");
  const output = Number(third ?? second ?? 0);
  if (node === "" || !Number.isInteger(output) || output < 0 || output > 65_535) {
    throw new GraphError(`"${text.slice(0, 200)}" refers to no output`);
  }
  return third === undefined || second === undefined ? { node, output } : { node, argument: second, output };
}

/** The inputs that carry values, without control dependencies. */
export function dataInputs({ inputs }: SourceNode): readonly string[] {
  return inputs.filter((input) => !input.startsWith("^"));
}
