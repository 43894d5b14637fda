import { GraphError, type SourceFunction, type SourceNode } from "../source/source-graph.ts";
import type { GraphNode, ValueRef } from "../tensorflow-graph.ts";

/** What a name of a graph stands for while the graph is inlined: a value, or a variable that has to be read first. */
export type Resolved = ValueRef | { readonly from: "variable"; readonly name: string };

/** A place where nodes of the result are collected: a signature's body, or the body of a loop or branch. */
export interface Builder {
  readonly nodes: GraphNode[];
}

/** The main graph or one call of a function: names that belong to it. */
export interface Scope {
  readonly nodes: ReadonlyMap<string, SourceNode>;
  readonly parameters: ReadonlyMap<string, Resolved>;
  /** Values that take the place of a node's outputs, by `node:0`. */
  readonly fed: ReadonlyMap<string, Resolved>;
  /** By the node's name: what its outputs are. */
  readonly known: Map<string, (output: number) => Resolved>;
  readonly builder: Builder;
  readonly depth: number;
}

/** Where the nodes of a call go, and how deep in other calls it is. */
export type Place = Pick<Scope, "builder" | "depth">;

/** The functions of a file's library, for loops and branches. */
export interface Library {
  /** Throws a GraphError when there is none. */
  functionNamed(name: string | undefined): SourceFunction;
  /** The results of a call with these arguments. */
  called(name: string, given: readonly Resolved[], place: Place): readonly Resolved[];
}

/** The parts of `node`, `node:1`, `node:output:0`. */
export interface Reference {
  readonly node: string;
  /** Name of the output argument; absent: `output` counts over all outputs. */
  readonly argument?: string;
  readonly output: number;
}

/** Splits a reference. Throws a GraphError. */
export function reference(text: string): Reference {
  const [node = "", second, third] = text.split(":");
  const output = Number(third ?? second ?? 0);
  if (node === "" || !Number.isInteger(output) || output < 0 || output > 65_535) {
    throw new GraphError(`"${text.slice(0, 200)}" refers to no output`);
  }
  return third === undefined || second === undefined ? { node, output } : { node, argument: second, output };
}

/** Inputs that carry values; the others only say what runs first. */
export function dataInputs({ inputs }: SourceNode): readonly string[] {
  return inputs.filter((input) => !input.startsWith("^"));
}
