import { namedRefs } from "../inbound-nodes.ts";
import { isList, isObject, type Json, type JsonObject, textAt } from "../json-config.ts";

/**
 * Keras 3 writes masks of functional models out: what is no mask of an Embedding alone is computed by operations, and layers are
 * called with it as `mask`. Here masks stand behind the other inputs; `takes_masks` says which of those have one. A recurrent layer
 * that is called with states to start from heeds none; merging layers have the option `joins_masks` (keras/src/layers/layer.py,
 * `__call__`, and layers/merging/base_merge.py, `compute_mask`).
 */
export function withMaskInputs(layers: readonly JsonObject[]): readonly JsonObject[] {
  const hasMasks = layers.some(mayMask);
  return layers.map((layer) => {
    const { inbound_nodes: calls, config } = layer;
    if (!hasMasks || !isList(calls) || !isObject(config) || !isObject(calls[0])) return layer;
    const className = textAt(layer, "class_name") ?? "";
    if (merging.has(className)) return { ...layer, config: { ...config, joins_masks: true } };
    if (recurrent.has(className) && calls.some(hasStates)) return { ...layer, config: { ...config, takes_masks: [] } };
    const [taken, ...others] = calls.map(masksTaken);
    const isAlike = others.every((other) => JSON.stringify(other) === JSON.stringify(taken));
    if (taken === undefined || !taken.includes(true) || !isAlike) return layer;
    return { ...layer, config: { ...config, takes_masks: taken }, inbound_nodes: calls.map(withMasksAsInputs) };
  });
}

/** Layers that make one value of several. */
const merging: ReadonlySet<string> = new Set("Add Multiply Subtract Maximum Minimum Average Concatenate".split(" "));

const recurrent: ReadonlySet<string> = new Set(
  "SimpleRNN LSTM GRU RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional".split(" "),
);

/** Its output may have a mask: of models inside, and of what they are called with, nothing is known. */
function mayMask(layer: JsonObject): boolean {
  const { config } = layer;
  const isModel = isObject(config) && isList(config["layers"]);
  return isModel || textAt(layer, "class_name") === "Masking" || (isObject(config) && config["mask_zero"] === true);
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
