import type { Tensor } from "../../../../dataplane/tensor.ts";
import type { Attributes } from "../tensorflow-graph.ts";

/** A graph as stored, in protobuf or JSON: calls not inlined, variables not read. */
export interface SourceGraph {
  readonly nodes: ReadonlyMap<string, SourceNode>;
  /** A function of the library, decoded on first use. */
  readonly functionNamed: (name: string) => SourceFunction | undefined;
  /** The outputs of an operation as declared in the file. */
  readonly outputsOf: (op: string) => readonly OutputArgument[] | undefined;
}

/** A node as stored. */
export interface SourceNode {
  readonly name: string;
  readonly op: string;
  /** `node`, `node:1` or `node:output:0`; `^node` for a control dependency. */
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
  /** Names of functions by attribute: one, or a list of branches. */
  readonly functions: ReadonlyMap<string, readonly string[]>;
  /** The value of a `Const`. */
  readonly value?: () => Tensor;
}

/** A function of the graph's library. */
export interface SourceFunction {
  readonly name: string;
  readonly parameters: readonly string[];
  /** References of the results, in order. */
  readonly results: readonly string[];
  readonly nodes: ReadonlyMap<string, SourceNode>;
}

/** An output argument: one tensor, or a list whose length an attribute gives. */
export interface OutputArgument {
  readonly name: string;
  /** Attribute that is the length of the list, or a list of that length. */
  readonly lengthAttribute?: string;
}

/** A graph is invalid or not supported; the caller adds the model's name. */
export class GraphError extends Error {}
