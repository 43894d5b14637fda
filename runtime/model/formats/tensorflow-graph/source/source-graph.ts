import type { Tensor } from "../../../../dataplane/tensor.ts";
import type { Attributes } from "../tensorflow-graph.ts";

/** A graph as its file has it, protobuf or JSON: calls not inlined, variables not read. */
export interface SourceGraph {
  readonly nodes: ReadonlyMap<string, SourceNode>;
  /** A function of the library, decoded when it is first asked for. */
  readonly functionNamed: (name: string) => SourceFunction | undefined;
  /** The outputs of an operation as the file declares them. */
  readonly outputsOf: (op: string) => readonly OutputArgument[] | undefined;
}

/** A node as the file has it. */
export interface SourceNode {
  readonly name: string;
  readonly op: string;
  /** `node`, `node:1`, `node:output:0`; `^node` only orders. */
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
  /** Functions that attributes name: one, or a list of branches. */
  readonly functions: ReadonlyMap<string, readonly string[]>;
  /** The value of a `Const`. */
  readonly value?: () => Tensor;
}

/** A function of the graph's library. */
export interface SourceFunction {
  readonly name: string;
  readonly parameters: readonly string[];
  /** What each result is, in order. */
  readonly results: readonly string[];
  readonly nodes: ReadonlyMap<string, SourceNode>;
}

/** One output, or a list of them whose length an attribute gives. */
export interface OutputArgument {
  readonly name: string;
  /** Attribute that is the length of the list, or whose length it has. */
  readonly lengthAttribute?: string;
}

/** What is wrong with a graph; the caller knows the file and says so. */
export class GraphError extends Error {}
