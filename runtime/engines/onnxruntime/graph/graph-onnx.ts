import type { Signature, TensorSpec } from "../../../dataplane/signature.ts";
import { numbersOf } from "../../../model/formats/tensorflow-graph/numbers/constant-numbers.ts";
import { unrolledLoops } from "../../../model/formats/tensorflow-graph/numbers/unrolled-loops.ts";
import { foldedNumbers } from "../../../model/formats/tensorflow-graph/numbers/folded-numbers.ts";
import type {
  Constant,
  GraphNode,
  GraphSignature,
  Subgraph,
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
    if (!signatures.some(({ body }) => hasProducts(body))) {
      throw new NotExportedError("it has no products, which ONNX Runtime would make faster");
    }
    return new Map(signatures.map((signature) => [signature.name, exported(signature, constants)]));
  } catch (thrown) {
    if (thrown instanceof NotExportedError) throw faults.ModelNotExported({ reason: thrown.message }, thrown);
    throw thrown;
  }
}

function hasProducts({ nodes }: Subgraph): boolean {
  return nodes.some(({ op, subgraphs }) => Object.hasOwn(products, op) || subgraphs.some(hasProducts));
}

function exported({ signature, body: whole }: GraphSignature, given: readonly Constant[]): GraphOnnx {
  const unrolled = unrolledLoops(whole, given) ?? { body: whole, constants: given };
  const { body, constants } = foldedNumbers(unrolled.body, unrolled.constants);
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
  const isShape = shapeNodes(body, constants);
  for (const node of body.nodes) outputs.push(addedNode(graph, node, { nameOf, constants, isShape }));
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

interface NodeContext {
  readonly nameOf: (ref: ValueRef) => string;
  readonly constants: readonly Constant[];
  readonly isShape: (ref: ValueRef) => boolean;
}

/** What parts of shapes are put together with. */
const shapeOperations: ReadonlySet<string> = new Set(["StridedSlice", "Pack", "ConcatV2", "GatherV2", "Cast", "Slice"]);
/** Largest constant in a shape: more than the width of any layer. */
const maxSize = 2 ** 16;

function shapeNodes({ nodes }: Subgraph, constants: readonly Constant[]): (ref: ValueRef) => boolean {
  const known = new Set<number>();
  const isShape = (ref: ValueRef): boolean => {
    if (ref.from === "node") return known.has(ref.index);
    const numbers = ref.from === "constant" ? numbersOf(constants[ref.index]) : undefined;
    return numbers?.data.every((size) => Math.abs(size) <= maxSize) === true;
  };
  nodes.forEach(({ op, inputs }, index) => {
    if (op === "Shape" || (shapeOperations.has(op) && inputs.every(isShape))) known.add(index);
  });
  return isShape;
}

function addedNode(
  graph: OnnxGraph,
  { op, inputs, attributes, subgraphs }: GraphNode,
  { nameOf, constants, isShape }: NodeContext,
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
    isShape: (position) => {
      const ref = inputs[position];
      return ref !== undefined && isShape(ref);
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
