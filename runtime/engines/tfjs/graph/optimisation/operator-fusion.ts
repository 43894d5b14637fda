import type * as Core from "@tensorflow/tfjs-core";
import type {
  Attribute,
  GraphNode,
  Subgraph,
  ValueRef,
} from "../../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import { fusedActivations } from "../operations/products/fused-epilogue.ts";
import { type ChannelAffine, channelAffine, type ChannelShape, isSame } from "./channel-affine.ts";
import { computedConstants, constantTensor, type ConstantStore } from "./constant-store.ts";

/** Products with a fused form, which applies a bias and an activation in the same kernel. */
const products: Readonly<Record<string, string>> = {
  MatMul: "_FusedMatMul",
  Conv2D: "_FusedConv2D",
  DepthwiseConv2dNative: "FusedDepthwiseConv2dNative",
};

/** A product while following operations are fused into it. */
interface Product extends ChannelShape {
  readonly node: GraphNode;
  readonly weights: ValueRef;
  bias: ValueRef | undefined;
  activation: GraphNode | undefined;
}

/**
 * Fuses products with what follows them: normalization is folded into the weights (scale = γ/√(σ²+ε), shift =
 * β−μ·scale), bias and activation become part of the product. Only if nothing else uses the intermediate value.
 */
export function fusedOperators(store: ConstantStore, subgraph: Subgraph): Subgraph {
  const nodes: (GraphNode | undefined)[] = subgraph.nodes.map((node) => ({
    ...node,
    subgraphs: node.subgraphs.map((inner) => fusedOperators(store, inner)),
  }));
  const consumers = consumersOf(subgraph);
  /** Index of the product into which a node was merged. */
  const merged = new Map<number, number>();
  nodes.forEach((node, index) => {
    const product = node === undefined ? undefined : fusionStart(store, node);
    if (product === undefined) return;
    let last = index;
    for (let next = consumers.get(last); next !== undefined; next = consumers.get(last)) {
      const follower = nodes[next];
      const taken = follower === undefined ? undefined : absorbed(store, product, follower, last);
      if (taken === undefined) break;
      nodes[next] = undefined;
      merged.set(next, index);
      last = next;
    }
    nodes[index] = fusedNode(product);
  });
  return compacted(subgraph, nodes, merged);
}

/** The only consumer of each node's first output, if there is exactly one and no result uses it. */
function consumersOf({ nodes, results }: Subgraph): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const consumers = new Map<number, number>();
  const note = (ref: ValueRef, consumer: number): void => {
    if (ref.from !== "node") return;
    counts.set(ref.index, (counts.get(ref.index) ?? 0) + 1);
    consumers.set(ref.index, consumer);
  };
  nodes.forEach(({ inputs }, index) => inputs.forEach((ref) => note(ref, index)));
  results.forEach((ref) => note(ref, -1));
  return new Map([...consumers].filter(([index, consumer]) => counts.get(index) === 1 && consumer >= 0));
}

function fusionStart(store: ConstantStore, node: GraphNode): Product | undefined {
  const [, weights] = node.inputs;
  const tensor = constantTensor(store, weights);
  if (products[node.op] === undefined || tensor === undefined || weights === undefined) return undefined;
  if (String(node.attributes.get("data_format") ?? "NHWC") !== "NHWC") return undefined;
  const { shape } = tensor;
  const last = shape.at(-1) ?? 0;
  const channels = {
    MatMul: node.attributes.get("transpose_b") === true ? (shape[0] ?? 0) : last,
    Conv2D: last,
    DepthwiseConv2dNative: last * (shape[2] ?? 0),
  }[node.op];
  return channels === undefined
    ? undefined
    : { node, weights, channels, rank: shape.length, bias: undefined, activation: undefined };
}

/** Fuses the follower into the product if possible, and returns the product then. */
function absorbed(store: ConstantStore, product: Product, follower: GraphNode, last: number): Product | undefined {
  if (product.activation !== undefined) return undefined;
  const of: ValueRef = { from: "node", index: last, output: 0 };
  if (fusedActivations.has(follower.op) && isSame(follower.inputs[0], of)) {
    product.activation = follower;
    return product;
  }
  const affine = channelAffine(store, follower, of, product);
  return affine === undefined ? undefined : Object.assign(product, scaledProduct(store, product, follower, affine));
}

function scaledProduct(
  store: ConstantStore,
  { node, weights, channels, bias }: Product,
  follower: GraphNode,
  { scale, shift }: ChannelAffine,
): Pick<Product, "weights" | "bias"> {
  const { tf } = store;
  const before = constantTensor(store, weights);
  const key = JSON.stringify([
    node.op,
    node.attributes.get("transpose_b"),
    weights,
    bias,
    follower.op,
    follower.inputs.slice(1),
    follower.inputs[0]?.from === "constant" ? follower.inputs[0] : "",
    follower.attributes.get("epsilon"),
  ]);
  const [scaledWeights = weights] =
    scale === undefined || before === undefined
      ? []
      : computedConstants(store, `${key} weights`, () => [tf.mul(before, alongChannels(node, before, tf, scale()))]);
  const earlier = constantTensor(store, bias);
  const [newBias = bias] = computedConstants(store, `${key} bias`, () => {
    const zero = tf.zeros([channels]);
    const scaled = earlier === undefined || scale === undefined ? (earlier ?? zero) : tf.mul(earlier, scale());
    return [tf.add(tf.add(zero, scaled), shift?.() ?? 0)];
  });
  return { weights: scaledWeights, bias: newBias };
}

/** Reshapes a channel vector to multiply the weights. */
function alongChannels(
  { op, attributes }: GraphNode,
  weights: Core.Tensor,
  tf: typeof Core,
  vector: Core.Tensor,
): Core.Tensor {
  if (vector.size === 1) return vector;
  if (op === "DepthwiseConv2dNative") return tf.reshape(vector, weights.shape.slice(2));
  return op === "MatMul" && attributes.get("transpose_b") === true ? tf.reshape(vector, [-1, 1]) : vector;
}

function fusedNode({ node, weights, bias, activation }: Product): GraphNode {
  const epilogue = [...(bias === undefined ? [] : ["BiasAdd"]), ...(activation === undefined ? [] : [activation.op])];
  const [x] = node.inputs;
  if (epilogue.length === 0 || x === undefined) return node;
  const alpha: Attribute = activation?.attributes.get("alpha") ?? 0.2;
  return {
    ...node,
    op: products[node.op] ?? node.op,
    inputs: [x, weights, ...(bias === undefined ? [] : [bias])],
    attributes: new Map([...node.attributes, ["fused_ops", epilogue], ["leakyrelu_alpha", alpha]]),
  };
}

/** Removes merged nodes and renumbers references. */
function compacted(
  subgraph: Subgraph,
  nodes: readonly (GraphNode | undefined)[],
  merged: ReadonlyMap<number, number>,
): Subgraph {
  const moved = new Map<number, number>();
  const kept: GraphNode[] = [];
  nodes.forEach((node, index) => {
    if (node !== undefined) moved.set(index, kept.push(node) - 1);
  });
  const renamed = (ref: ValueRef): ValueRef =>
    ref.from === "node" ? { ...ref, index: moved.get(merged.get(ref.index) ?? ref.index) ?? ref.index } : ref;
  return {
    ...subgraph,
    nodes: kept.map((node) => ({ ...node, inputs: node.inputs.map(renamed) })),
    results: subgraph.results.map(renamed),
  };
}
