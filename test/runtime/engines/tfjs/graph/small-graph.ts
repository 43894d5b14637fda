import type { TensorSpec } from "../../../../../runtime/dataplane/signature.ts";
import type { Tensor } from "../../../../../runtime/dataplane/tensor.ts";
import type {
  Attribute,
  GraphNode,
  Subgraph,
  TensorFlowGraph,
  ValueRef,
} from "../../../../../runtime/model/formats/tensorflow-graph/tensorflow-graph.ts";

/** `[name, operation, inputs, attributes, subgraphs]`; an input is a node name, or `name:1` for another output. */
export type SmallNode = readonly [
  name: string,
  op: string,
  inputs: readonly string[],
  attributes?: Readonly<Record<string, Attribute>>,
  subgraphs?: readonly SmallBody[],
];

export interface SmallBody {
  readonly parameters: readonly string[];
  readonly nodes: readonly SmallNode[];
  readonly results: readonly string[];
}

export interface SmallGraph {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly constants?: Readonly<Record<string, Tensor>>;
  readonly nodes: readonly SmallNode[];
}

/** A graph with one signature; its results are the nodes with the names of the outputs. */
export function smallGraph({ inputs, outputs, constants = {}, nodes }: SmallGraph): TensorFlowGraph {
  const names = Object.keys(constants);
  const parameters = inputs.map(({ name }) => name);
  const body = subgraph({ parameters, nodes, results: outputs.map(({ name }) => name) }, names);
  return {
    kind: "tensorflow-graph",
    format: "saved-model",
    signatures: [{ name: "serving_default", signature: { inputs, outputs }, body }],
    constants: Object.entries(constants).map(([name, tensor]) => ({ name, tensor })),
    weightBytes: 0,
  };
}

function subgraph({ parameters, nodes, results }: SmallBody, constants: readonly string[]): Subgraph {
  const ref = (text: string): ValueRef => {
    const [name = "", output = "0"] = text.split(":");
    if (parameters.includes(name)) return { from: "parameter", index: parameters.indexOf(name) };
    if (constants.includes(name)) return { from: "constant", index: constants.indexOf(name) };
    const index = nodes.findIndex(([known]) => known === name);
    if (index < 0) throw new Error(`there is no value ${name}`);
    return { from: "node", index, output: Number(output) };
  };
  return {
    parameterCount: parameters.length,
    nodes: nodes.map(([name, op, inputs, attributes = {}, inner = []]): GraphNode => ({
      name,
      op,
      inputs: inputs.map(ref),
      attributes: new Map(Object.entries(attributes)),
      subgraphs: inner.map((body) => subgraph(body, constants)),
    })),
    results: results.map(ref),
  };
}

export function floats(shape: readonly number[], ...data: readonly number[]): Tensor {
  return { dtype: "float32", shape, data: Float32Array.from(data) };
}

export function integers(shape: readonly number[], ...data: readonly number[]): Tensor {
  return { dtype: "int32", shape, data: Int32Array.from(data) };
}

/** A signature's input or output. */
export function spec(name: string, dtype: TensorSpec["dtype"] = "float32", ...shape: readonly number[]): TensorSpec {
  return { name, dtype, shape };
}
