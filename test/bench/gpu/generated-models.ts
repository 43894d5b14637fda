import { attributeTypes, ModelProto } from "../../../runtime/model/formats/onnx/onnx-proto.ts";

type Draft = NonNullable<Parameters<typeof ModelProto.encode>[0]["graph"]>;
type Nodes = NonNullable<Draft["node"]>[number][];
type Weights = NonNullable<Draft["initializer"]>[number][];

/** Builds an ONNX graph: every method adds a node or weights and returns the name of the result. */
class GraphBuilder {
  readonly nodes: Nodes = [];
  readonly weights: Weights = [];
  #seed = 1;

  add(opType: string, input: readonly string[], integers: Readonly<Record<string, readonly number[] | number>> = {}) {
    const output = `v${this.nodes.length}`;
    const attribute = Object.entries(integers).map(([name, value]) =>
      typeof value === "number"
        ? { name, i: BigInt(value), type: attributeTypes.int }
        : { name, ints: value.map(BigInt), type: attributeTypes.ints },
    );
    this.nodes.push({ opType, input, output: [output], attribute });
    return output;
  }

  /** Pseudo-random weights, scaled so that sums over `fanIn` products are about 1. */
  weight(dims: readonly number[], fanIn: number): string {
    const name = `w${this.weights.length}`;
    const count = dims.reduce((product, size) => product * size, 1);
    const scale = Math.sqrt(6 / fanIn);
    const data = Float32Array.from({ length: count }, () => {
      this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return (this.#seed / 0x4000_0000 - 1) * scale;
    });
    this.weights.push({ name, dims, dataType: 1, rawData: new Uint8Array(data.buffer) });
    return name;
  }

  numbers(values: readonly number[], dims: readonly number[]): string {
    const name = `w${this.weights.length}`;
    this.weights.push({ name, dims, dataType: 1, rawData: new Uint8Array(Float32Array.from(values).buffer) });
    return name;
  }

  integers(values: readonly number[]): string {
    const name = `w${this.weights.length}`;
    const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.weights.push({ name, dims: [values.length], dataType: 7, rawData });
    return name;
  }

  /** The model from input "x" to output "y", the softmax of the result `last`. */
  model(shape: readonly number[], last: string, outputs: number): Uint8Array {
    this.nodes.push({ opType: "Softmax", input: [last], output: ["y"] });
    const value = (name: string, sizes: readonly number[]) => ({
      name,
      type: { tensorType: { elemType: 1, shape: { dim: [{}, ...sizes.map((dimValue) => ({ dimValue }))] } } },
    });
    return ModelProto.encode({
      irVersion: 8,
      opsetImport: [{ version: 17 }],
      graph: {
        name: "made",
        input: [value("x", shape)],
        output: [value("y", [outputs])],
        initializer: this.weights,
        node: this.nodes,
      },
    });
  }
}

/** Blocks of MobileNetV2 (arXiv:1801.04381, table 2): expansion, channels, repetitions, stride of the first. */
const blocks = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** MobileNetV2 for images of this size, with folded normalisations and pseudo-random weights. */
export function mobileNet(size: number): Uint8Array {
  const graph = new GraphBuilder();
  const low = graph.numbers([0], []);
  const high = graph.numbers([6], []);
  const relu6 = (value: string): string => graph.add("Clip", [value, low, high]);
  const conv = (value: string, [input, output, kernel, stride]: readonly [number, number, number, number]): string => {
    const pad = (kernel - 1) / 2;
    const weights = [
      graph.weight([output, input, kernel, kernel], input * kernel * kernel),
      graph.weight([output], 60),
    ];
    return graph.add("Conv", [value, ...weights], { pads: [pad, pad, pad, pad], strides: [stride, stride] });
  };
  const depthwise = (value: string, channels: number, stride: number): string => {
    const weights = [graph.weight([channels, 1, 3, 3], 9), graph.weight([channels], 60)];
    return graph.add("Conv", [value, ...weights], { group: channels, pads: [1, 1, 1, 1], strides: [stride, stride] });
  };
  let value = relu6(conv("x", [3, 32, 3, 2]));
  let channels = 32;
  for (const [expansion, output, repetitions, firstStride] of blocks) {
    for (let i = 0; i < repetitions; i++) {
      const stride = i === 0 ? firstStride : 1;
      const wide = channels * expansion;
      const inner = expansion === 1 ? value : relu6(conv(value, [channels, wide, 1, 1]));
      const narrow = conv(relu6(depthwise(inner, wide, stride)), [wide, output, 1, 1]);
      value = stride === 1 && channels === output ? graph.add("Add", [value, narrow]) : narrow;
      channels = output;
    }
  }
  const pooled = graph.add("GlobalAveragePool", [relu6(conv(value, [320, 1280, 1, 1]))]);
  const flat = graph.add("Flatten", [pooled]);
  return graph.model([3, size, size], graph.add("MatMul", [flat, graph.weight([1280, 1000], 1280)]), 1000);
}

/** The sizes of a transformer encoder. */
export interface EncoderSizes {
  readonly layers: number;
  readonly tokens: number;
  readonly width: number;
  readonly heads: number;
}

/** A pre-norm transformer encoder over embedded tokens with pseudo-random weights; 10 classes from the mean. */
export function encoder({ layers, tokens, width, heads }: EncoderSizes): Uint8Array {
  const graph = new GraphBuilder();
  const split = graph.integers([-1, tokens, heads, width / heads]);
  const merge = graph.integers([-1, tokens, width]);
  const scale = graph.numbers([1 / Math.sqrt(width / heads)], []);
  const ones = graph.numbers(
    Array.from({ length: width }, () => 1),
    [width],
  );
  const zeros = graph.numbers(
    Array.from({ length: width }, () => 0),
    [width],
  );
  const normal = (value: string): string => graph.add("LayerNormalization", [value, ones, zeros]);
  const dense = (value: string, input: number, output: number): string =>
    graph.add("MatMul", [value, graph.weight([input, output], 3 * input)]);
  const inHeads = (value: string, perm: readonly number[]): string =>
    graph.add("Transpose", [graph.add("Reshape", [dense(value, width, width), split])], { perm });
  let value = "x";
  for (let i = 0; i < layers; i++) {
    const before = normal(value);
    const [queries, keys] = [inHeads(before, [0, 2, 1, 3]), inHeads(before, [0, 2, 3, 1])];
    const scores = graph.add("Mul", [graph.add("MatMul", [queries, keys]), scale]);
    const shares = graph.add("Softmax", [scores], { axis: -1 });
    const mixed = graph.add("MatMul", [shares, inHeads(before, [0, 2, 1, 3])]);
    const merged = graph.add("Reshape", [graph.add("Transpose", [mixed], { perm: [0, 2, 1, 3] }), merge]);
    value = graph.add("Add", [value, dense(merged, width, width)]);
    const inner = graph.add("Relu", [dense(normal(value), width, 4 * width)]);
    value = graph.add("Add", [value, dense(inner, 4 * width, width)]);
  }
  const mean = graph.add("ReduceMean", [normal(value)], { axes: [1], keepdims: 0 });
  return graph.model([tokens, width], dense(mean, width, 10), 10);
}

/** Dense layers of these sizes with pseudo-random weights. */
export function perceptron(sizes: readonly number[]): Uint8Array {
  const graph = new GraphBuilder();
  const [input = 1, ...outputs] = sizes;
  let [value, width] = ["x", input];
  for (const [i, output] of outputs.entries()) {
    const product = graph.add("Gemm", [value, graph.weight([width, output], width), graph.weight([output], 60)]);
    value = i === outputs.length - 1 ? product : graph.add("Relu", [product]);
    width = output;
  }
  return graph.model([input], value, width);
}
