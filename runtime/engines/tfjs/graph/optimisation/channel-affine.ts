import type * as Core from "@tensorflow/tfjs-core";
import type { GraphNode, ValueRef } from "../../../../model/formats/tensorflow-graph/tensorflow-graph.ts";
import { constantTensor, type ConstantStore } from "./constant-store.ts";

/** A per-channel transformation `x * scale + shift`; absent parts are the identity. Vectors, or scalars for all channels. */
export interface ChannelAffine {
  readonly scale?: () => Core.Tensor;
  readonly shift?: () => Core.Tensor;
}

/** The size of the last dimension, and the rank. */
export interface ChannelShape {
  readonly channels: number;
  readonly rank: number;
}

/** The per-channel transformation that a node applies to its input `of`; `undefined` if it does something else. */
export function channelAffine(
  store: ConstantStore,
  node: GraphNode,
  of: ValueRef,
  { channels, rank }: ChannelShape,
): ChannelAffine | undefined {
  const [first, second] = node.inputs;
  const isFirst = isSame(first, of);
  if (!isFirst && !isSame(second, of)) return undefined;
  if (/^FusedBatchNorm(V[23])?$/.test(node.op)) return isFirst ? batchNorm(store, node, channels) : undefined;
  const vector = channelVector(store, isFirst ? second : first, { channels, rank });
  const effect = isFirst ? (onFirst[node.op] ?? onEither[node.op]) : onEither[node.op];
  return vector === undefined || isChannelsFirst(node) ? undefined : effect?.(store, vector);
}

type Effect = (store: ConstantStore, vector: () => Core.Tensor) => ChannelAffine;

/** Commutative operations with a constant. */
const onEither: Readonly<Record<string, Effect>> = {
  Mul: (_, scale) => ({ scale }),
  Add: (_, shift) => ({ shift }),
  AddV2: (_, shift) => ({ shift }),
};

/** Operations with a constant as second input. */
const onFirst: Readonly<Record<string, Effect>> = {
  BiasAdd: (_, shift) => ({ shift }),
  Sub: ({ tf }, vector) => ({ shift: () => tf.neg(vector()) }),
};

/** Whether two references name the same output. */
export function isSame(one: ValueRef | undefined, other: ValueRef): boolean {
  return one?.from === "node" && other.from === "node" && one.index === other.index && one.output === other.output;
}

function isChannelsFirst({ attributes }: GraphNode): boolean {
  return String(attributes.get("data_format") ?? "").startsWith("NC");
}

/** A constant that varies along the last axis only, as a vector or a scalar. */
function channelVector(
  store: ConstantStore,
  ref: ValueRef | undefined,
  limits: ChannelShape,
): (() => Core.Tensor) | undefined {
  const constant = constantTensor(store, ref);
  if (constant === undefined || constant.dtype !== "float32") return undefined;
  const { channels } = limits;
  const { shape, size, rank } = constant;
  if (rank > limits.rank || (size !== 1 && (size !== channels || shape[rank - 1] !== channels))) return undefined;
  return () => store.tf.reshape(constant, size === 1 ? [] : [channels]);
}

function batchNorm(store: ConstantStore, node: GraphNode, channels: number): ChannelAffine | undefined {
  const { attributes, inputs } = node;
  if (attributes.get("is_training") !== false || isChannelsFirst(node)) return undefined;
  const [gamma, beta, mean, variance] = inputs.slice(1).map((ref) => constantTensor(store, ref));
  if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) return undefined;
  if (gamma.size !== channels) return undefined;
  const { tf } = store;
  const epsilon = attributes.get("epsilon");
  const scale = (): Core.Tensor =>
    tf.mul(gamma, tf.rsqrt(tf.add(variance, typeof epsilon === "number" ? epsilon : 1e-4)));
  return { scale, shift: () => tf.sub(beta, tf.mul(mean, scale())) };
}
