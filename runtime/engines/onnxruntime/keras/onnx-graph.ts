import type { Tensor } from "../../../dataplane/tensor.ts";
import { attributeTypes, dataTypes, ModelProto } from "../../../model/formats/onnx/onnx-proto.ts";

/** Of an attribute; numbers are integers unless they come as `float` or `floats`. */
type AttributeValue =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };
/** Of a node of ONNX, by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Element types of the values in exported graphs. */
export type ValueType = Exclude<keyof typeof dataTypes, "undefined" | "complex64" | "complex128" | "bfloat16">;

/** An input or output of the graph; -1 stands for any size. */
export interface GraphValue {
  readonly name: string;
  readonly type: ValueType;
  readonly shape: readonly number[];
}

/** An ONNX graph that grows node by node. */
export interface OnnxGraph {
  /** Adds a node with one output and returns its name. An input "" is left out. */
  add(operator: string, inputs: readonly string[], attributes?: Attributes): string;
  /** Adds a node with several outputs. */
  addMany(operator: string, inputs: readonly string[], count: number, attributes?: Attributes): readonly string[];
  /** A list of int64, or one of another shape. */
  integers(values: readonly number[], shape?: readonly number[]): string;
  /** A float32 without dimensions. */
  number(value: number): string;
  /** Weights in the arrangement that `use` stands for; made once for each array and use. */
  weight(data: Float32Array<ArrayBuffer>, use: string, arrange: () => ArrangedWeight): string;
  /** Any value but texts; made once for each. */
  constant(tensor: Tensor): string;
  /** The model with all that was added. */
  encoded(inputs: readonly GraphValue[], outputs: readonly GraphValue[]): Uint8Array<ArrayBuffer>;
}

/** A weight in the order of axes that ONNX wants. */
export interface ArrangedWeight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Operators are those of this version; ONNX Runtime has had them since 1.17. */
const opsetVersion = 20;
const irVersion = 9;
/** For a node or the head of a tensor; a graph that takes more grows. */
const bytesPerPart = 512;

type Draft = Parameters<typeof ModelProto.encode>[0];
type GraphDraft = NonNullable<Draft["graph"]>;
type NodeDraft = NonNullable<GraphDraft["node"]>[number];
type TensorDraft = NonNullable<GraphDraft["initializer"]>[number];

/** An empty graph; the same weight or constant is written once. */
export function onnxGraph(): OnnxGraph {
  const nodes: NodeDraft[] = [];
  const tensors: TensorDraft[] = [];
  const known = new Map<string, string>();
  const arranged = new Map<Float32Array, Map<string, string>>();
  const constants = new Map<Tensor, string>();
  let count = 0;
  const fresh = (): string => `v${count++}`;

  const addMany: OnnxGraph["addMany"] = (opType, inputs, outputs, attributes = {}) => {
    const output = Array.from({ length: outputs }, fresh);
    const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
    nodes.push({ opType, input: inputs, output, name: `${opType}_${nodes.length}`, attribute });
    return output;
  };
  const addTensor = (dataType: number, dims: readonly number[], data: ArrayBufferView): string => {
    const name = fresh();
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    tensors.push({ name, dims, dataType, rawData });
    return name;
  };
  const once = (key: string, make: () => string): string => found(known, key, make);
  return {
    add: (operator, inputs, attributes) => addMany(operator, inputs, 1, attributes)[0] ?? "",
    addMany,
    integers: (values, shape = [values.length]) =>
      once(`${shape.join(",")}:${values.join(",")}`, () =>
        addTensor(dataTypes.int64, shape, BigInt64Array.from(values, BigInt)),
      ),
    number: (value) => once(`float ${value}`, () => addTensor(dataTypes.float32, [], Float32Array.of(value))),
    weight: (data, use, arrange) => {
      const uses = arranged.get(data) ?? new Map<string, string>();
      arranged.set(data, uses);
      return found(uses, use, () => {
        const { shape, data: elements } = arrange();
        return addTensor(dataTypes.float32, shape, elements);
      });
    },
    constant: (tensor) => {
      const { dtype, shape, data } = tensor;
      if (dtype === "string") throw new TypeError("texts are not exported");
      return found(constants, tensor, () => addTensor(dataTypes[dtype], shape, data));
    },
    encoded: (inputs, outputs) => {
      const graph = {
        name: "keras",
        node: nodes,
        initializer: tensors,
        input: inputs.map(info),
        output: outputs.map(info),
      };
      const opsetImport = [{ version: opsetVersion }];
      const weightBytes = tensors.reduce((sum, { rawData }) => sum + (rawData?.length ?? 0), 0);
      const partBytes = bytesPerPart * (nodes.length + tensors.length + inputs.length + outputs.length + 1);
      const model = { irVersion, producerName: "modelwright", graph, opsetImport };
      return ModelProto.encode(model, weightBytes + partBytes);
    },
  };
}

/** The name under a key; made when it is asked for first. */
function found<Key>(names: Map<Key, string>, key: Key, make: () => string): string {
  const name = names.get(key) ?? make();
  names.set(key, name);
  return name;
}

function info({ name, type, shape }: GraphValue): NonNullable<GraphDraft["input"]>[number] {
  const dim = shape.map((size) => (size < 0 ? {} : { dimValue: size }));
  return { name, type: { tensorType: { elemType: dataTypes[type], shape: { dim } } } };
}

function attributeOf(name: string, value: AttributeValue): NonNullable<NodeDraft["attribute"]>[number] {
  if (typeof value === "number") return { name, i: BigInt(value), type: attributeTypes.int };
  if (typeof value === "string") return { name, s: Buffer.from(value), type: attributeTypes.string };
  if ("float" in value) return { name, f: value.float, type: attributeTypes.float };
  if ("floats" in value) return { name, floats: value.floats, type: attributeTypes.floats };
  const texts = value.filter((item) => typeof item === "string");
  if (texts.length > 0) return { name, strings: texts.map((text) => Buffer.from(text)), type: attributeTypes.strings };
  return { name, ints: value.map((item) => BigInt(item)), type: attributeTypes.ints };
}
