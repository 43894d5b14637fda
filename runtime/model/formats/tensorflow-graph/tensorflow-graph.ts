import type { Signature } from "../../../dataplane/signature.ts";
import type { Tensor } from "../../../dataplane/tensor.ts";

/** A TensorFlow graph without variables and without calls: what a SavedModel or a tfjs graph model comes down to. */
export interface TensorFlowGraph {
  readonly kind: "tensorflow-graph";
  /** As facts show it: `saved-model`, `tfjs-graph`. */
  readonly format: string;
  readonly signatures: readonly GraphSignature[];
  /** Weights and constants, shared by all signatures. */
  readonly constants: readonly Constant[];
  readonly weightBytes: number;
}

/** One way to call the model: the parameters of `body` are the signature's inputs, its results the outputs. */
export interface GraphSignature {
  readonly name: string;
  readonly signature: Signature;
  readonly body: Subgraph;
}

/** A function of its parameters. */
export interface Subgraph {
  readonly parameterCount: number;
  /** Each node comes after those whose outputs it takes. */
  readonly nodes: readonly GraphNode[];
  readonly results: readonly ValueRef[];
}

/** A node of a graph whose inputs are numbers of other nodes. */
export interface GraphNode {
  /** Where the file has it, for messages. */
  readonly name: string;
  /** TensorFlow's name of the operation. */
  readonly op: string;
  readonly inputs: readonly ValueRef[];
  readonly attributes: Attributes;
  /** Condition and body of `While`; then and else of `If`; the branches of `Case`. */
  readonly subgraphs: readonly Subgraph[];
}

/** Where a value comes from. */
export type ValueRef =
  | { readonly from: "parameter"; readonly index: number }
  /** `index` in the graph's `constants`. */
  | { readonly from: "constant"; readonly index: number }
  /** `index` in the subgraph's `nodes`. */
  | { readonly from: "node"; readonly index: number; readonly output: number };

/** A weight or any other value that the file brings. */
export interface Constant {
  readonly name: string;
  readonly tensor: Tensor;
}

/** Types are given by name (`float32`); a shape of unknown rank is `undefined`. */
export type Attribute =
  | number
  | boolean
  | string
  | undefined
  | readonly number[]
  | readonly boolean[]
  | readonly string[]
  | readonly (readonly number[] | undefined)[];
/** Of an operation, by TensorFlow's names. */
export type Attributes = ReadonlyMap<string, Attribute>;

/** Memory that can be moved to another thread. */
export function graphBuffers({ constants }: TensorFlowGraph): readonly ArrayBuffer[] {
  return constants.flatMap(({ tensor }) => (tensor.dtype === "string" ? [] : [tensor.data.buffer as ArrayBuffer])); // readers make them unshared
}
