import type { Signature, TensorSpec } from "../../../dataplane/signature.ts";
import { foldedNumbers } from "../../../model/formats/tensorflow-graph/numbers/folded-numbers.ts";
import type {
  Constant,
  GraphNode,
  GraphSignature,
  TensorFlowGraph,
  ValueRef,
} from "../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import { onnxRuntimeFaults as faults } from "../faults.ts";
import { type GraphValue, type OnnxGraph, onnxGraph } from "../keras/onnx-graph.ts";
import { NotExportedError } from "../keras/values.ts";
import { elementwise } from "./elementwise.ts";
import type { OperationExport } from "./operation-export.ts";
import { products } from "./products.ts";
import { shapes } from "./shapes.ts";

/** One signature of a graph as ONNX. */
export interface GraphOnnx {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The signature with the names of the ONNX graph. */
  readonly graphSignature: Signature;
}

const exports: ReadonlyMap<string, OperationExport> = new Map(
  [elementwise, products, shapes].flatMap((family) => Object.entries(family)),
);
/** Protobuf's own limit. */
const maxModelBytes = 2 ** 31 - 1;

/** Writes each signature of a TensorFlow graph as ONNX. Throws `ModelNotExported` when one of its operations cannot be. */
export function graphOnnx({ signatures, constants, weightBytes }: TensorFlowGraph): ReadonlyMap<string, GraphOnnx> {
  try {
    if (weightBytes > maxModelBytes / 2) throw new NotExportedError(`its weights take ${weightBytes} bytes`);
    if (!signatures.some(({ body }) => body.nodes.some(({ op }) => Object.hasOwn(products, op)))) {
      throw new NotExportedError("it has no products, which ONNX Runtime would make faster");
    }
    return new Map(signatures.map((signature) => [signature.name, exported(signature, constants)]));
  } catch (thrown) {
    if (thrown instanceof NotExportedError) throw faults.ModelNotExported({ reason: thrown.message }, thrown);
    throw thrown;
  }
}

function exported({ signature, body: whole }: GraphSignature, given: readonly Constant[]): GraphOnnx {
  const { body, constants } = foldedNumbers(whole, given);
  const graph = onnxGraph();
  const outputs: (readonly string[])[] = [];
  const nameOf = (ref: ValueRef): string => {
    if (ref.from === "parameter") return `in${ref.index}`;
    if (ref.from === "constant") return constantName(graph, constants[ref.index]);
    const name = outputs[ref.index]?.[ref.output];
    if (name === undefined)
      throw new NotExportedError(`output ${ref.output} of ${body.nodes[ref.index]?.op} is not exported`);
    return name;
  };
  for (const node of body.nodes) outputs.push(addedNode(graph, node, { nameOf, constants }));
  const inputs = signature.inputs.map((spec, i): GraphValue => ({ ...graphValue(spec), name: `in${i}` }));
  const results = body.results.map((ref) => graph.add("Identity", [nameOf(ref)]));
  const named = signature.outputs.map((spec, i): GraphValue => ({ ...graphValue(spec), name: results[i] ?? "" }));
  return {
    bytes: graph.encoded(inputs, named),
    graphSignature: {
      inputs: signature.inputs.map((spec, i) => ({ ...spec, name: `in${i}` })),
      outputs: signature.outputs.map((spec, i) => ({ ...spec, name: results[i] ?? "" })),
    },
  };
}

function addedNode(
  graph: OnnxGraph,
  { op, inputs, attributes, subgraphs }: GraphNode,
  { nameOf, constants }: { readonly nameOf: (ref: ValueRef) => string; readonly constants: readonly Constant[] },
): readonly string[] {
  const add = subgraphs.length > 0 ? undefined : exports.get(op);
  if (add === undefined) throw new NotExportedError(`${op} is not exported`);
  const names = add({
    graph,
    op,
    attributes,
    inputs: inputs.map(nameOf),
    constant: (position) => {
      const ref = inputs[position];
      return ref?.from === "constant" ? constants[ref.index]?.tensor : undefined;
    },
  });
  return typeof names === "string" ? [names] : names;
}

function constantName(graph: OnnxGraph, constant: Constant | undefined): string {
  const dtype = constant?.tensor.dtype;
  if (constant === undefined || dtype === "string" || dtype === "bfloat16" || dtype?.startsWith("complex") === true) {
    throw new NotExportedError(`a constant of type ${dtype} is not exported`);
  }
  return graph.constant(constant.tensor);
}

function graphValue({ dtype, shape, anyShape }: TensorSpec): Omit<GraphValue, "name"> {
  if (anyShape === true) throw new NotExportedError("an input or output of any shape is not exported");
  if (dtype === "bfloat16" || dtype === "string" || dtype === "complex64" || dtype === "complex128") {
    throw new NotExportedError(`an input or output of type ${dtype} is not exported`);
  }
  return { type: dtype, shape };
}
