import type { Signature } from "../../../dataplane/signature.ts";
import type { Tensor } from "../../../dataplane/tensor.ts";

/** A TensorFlow graph without variables and function calls, read from a SavedModel or a tfjs graph model. */
export interface TensorFlowGraph {
  readonly kind: "tensorflow-graph";
  /** As shown in the status: `saved-model`, `tfjs-graph`. */
  readonly format: string;
  readonly signatures: readonly GraphSignature[];
  /** Weights and constants, shared by all signatures. */
  readonly constants: readonly Constant[];
  readonly weightBytes: number;
}

/** A signature with its computation: the parameters of `body` are the inputs, its results the outputs. */
export interface GraphSignature {
  readonly name: string;
  readonly signature: Signature;
  readonly body: Subgraph;
}

/** A function from parameters to results. */
export interface Subgraph {
  readonly parameterCount: number;
  /** In topological order. */
  readonly nodes: readonly GraphNode[];
  readonly results: readonly ValueRef[];
}

/** A node of a graph, with inputs by index. */
export interface GraphNode {
  /** Its name in the file, for messages. */
  readonly name: string;
  /** TensorFlow's name of the operation. */
  readonly op: string;
  readonly inputs: readonly ValueRef[];
  readonly attributes: Attributes;
  /** Condition and body of `While`; then and else of `If`; the branches of `Case`. */
  readonly subgraphs: readonly Subgraph[];
}

/** A reference to a value. */
export type ValueRef =
  | { readonly from: "parameter"; readonly index: number }
  /** `index` in the graph's `constants`. */
  | { readonly from: "constant"; readonly index: number }
  /** `index` in the subgraph's `nodes`. */
  | { readonly from: "node"; readonly index: number; readonly output: number };

/** A weight or another constant of the file. */
export interface Constant {
  readonly name: string;
  readonly tensor: Tensor;
}

/** The value of an attribute. Types are names (`float32`); a shape of unknown rank is `undefined`. */
export type Attribute =
  | number
  | boolean
  | string
  | undefined
  | readonly number[]
  | readonly boolean[]
  | readonly string[]
  | readonly (readonly number[] | undefined)[];
/** The attributes of an operation, by TensorFlow's names. */
export type Attributes = ReadonlyMap<string, Attribute>;

/** The buffers of a graph, to transfer them to another thread. */
export function graphBuffers({ constants }: TensorFlowGraph): readonly ArrayBuffer[] {
  return constants.flatMap(({ tensor }) => (tensor.dtype === "string" ? [] : [tensor.data.buffer as ArrayBuffer])); // readers allocate unshared buffers
}
