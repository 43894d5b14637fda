import { namedRefs } from "../inbound-nodes.ts";
import { isList, isObject, type Json, type JsonObject, textAt } from "../json-config.ts";

/**
 * Keras 3 writes the masks of functional models explicitly: a mask that is not an Embedding's own is computed by operations or is an
 * input of the model, and layers are called with it as `mask`. This function moves masks behind the other inputs; `takes_masks` says which of those have
 * one. A recurrent layer that is called with initial states ignores masks, and so does a layer whose `mask` is null: before Keras
 * 3.6 merging layers lost masks. (The masks of nested models are not known.) Merging layers get the option `joins_masks`.
 * See keras/src/layers/layer.py, `__call__`, and layers/merging/base_merge.py, `compute_mask`.
 */
export function withMaskInputs(layers: readonly JsonObject[], isNested: boolean): readonly JsonObject[] {
  const hasMasks = layers.some(makesMask) || layers.some(takesMask);
  return hasMasks ? layers.map((layer) => withMaskInput(layer, isNested)) : layers;
}

function withMaskInput(layer: JsonObject, isNested: boolean): JsonObject {
  const { inbound_nodes: calls, config } = layer;
  if (!isList(calls) || !isObject(config) || !isObject(calls[0])) return layer;
  const className = textAt(layer, "class_name") ?? "";
  if (merging.has(className)) return { ...layer, config: { ...config, joins_masks: true } };
  const hasNull = !isNested && config["expects_mask"] !== true && calls.every(hasNoMask);
  if (hasNull || hasInitialStates(className, calls)) return { ...layer, config: { ...config, takes_masks: [] } };
  return withTakenMasks(layer, calls, config);
}

function withTakenMasks(layer: JsonObject, calls: readonly Json[], config: JsonObject): JsonObject {
  const [taken = [], ...others] = calls.map(masksTaken);
  const isAlike = others.every((other) => JSON.stringify(other) === JSON.stringify(taken));
  if (!taken.includes(true) || !isAlike) return layer;
  return { ...layer, config: { ...config, takes_masks: taken }, inbound_nodes: calls.map(withMasksAsInputs) };
}

/** Layers that merge several values. */
const merging: ReadonlySet<string> = new Set("Add Multiply Subtract Maximum Minimum Average Concatenate".split(" "));

const recurrent: ReadonlySet<string> = new Set(
  "SimpleRNN LSTM GRU RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional".split(" "),
);

/** Whether the layer or one nested in it makes a mask. */
function makesMask(layer: JsonObject): boolean {
  const { config } = layer;
  if (textAt(layer, "class_name") === "Masking") return true;
  if (!isObject(config)) return false;
  const { layers } = config;
  return (
    config["mask_zero"] === true || (isList(layers) && layers.some((inner) => isObject(inner) && makesMask(inner)))
  );
}

/** Whether the layer is called with a tensor as its mask. */
function takesMask({ inbound_nodes: calls }: JsonObject): boolean {
  return isList(calls) && calls.some((call) => masksTaken(call).includes(true));
}

function hasNoMask(call: Json): boolean {
  const kwargs = isObject(call) ? call["kwargs"] : undefined;
  return isObject(kwargs) && kwargs["mask"] === null;
}

function hasInitialStates(className: string, calls: readonly Json[]): boolean {
  return recurrent.has(className) && calls.some(hasStates);
}

function hasStates(call: Json): boolean {
  const kwargs = isObject(call) ? call["kwargs"] : undefined;
  return isObject(kwargs) && namedRefs(kwargs["initial_state"]).length > 0;
}

function masksOf(call: Json): readonly Json[] {
  const kwargs = isObject(call) ? call["kwargs"] : undefined;
  const mask = isObject(kwargs) ? (kwargs["mask"] ?? null) : null;
  return isList(mask) ? mask : [mask];
}

function masksTaken(call: Json): readonly boolean[] {
  return masksOf(call).map((mask) => namedRefs(mask).length === 1);
}

function withMasksAsInputs(call: Json): Json {
  if (!isObject(call) || !isObject(call["kwargs"])) return call;
  const masks = masksOf(call).filter((mask) => mask !== null);
  const args = isList(call["args"]) ? call["args"] : [];
  return { ...call, args, kwargs: { ...call["kwargs"], mask: null, masks } };
}
