import { inboundNodes, namedRefs, type TensorRef } from "../inbound-nodes.ts";
import { isList, isObject, type Json, type JsonObject, textAt } from "../json-config.ts";

/**
 * Removes the operations that compute the mask of an Embedding. Keras 3 writes the masks of a functional model explicitly, as
 * `NotEqual(tokens, 0)` and a `mask` argument of each layer that uses it; engines derive them from `mask_zero` anyway. A layer
 * with the argument gets the option `expects_mask` instead.
 */
export function withoutEmbeddingMasks(layers: readonly JsonObject[]): readonly JsonObject[] {
  const masks = embeddingMasks(layers);
  if (masks.size === 0) return layers;
  const others = layers.filter((layer) => !masks.has(nameOf(layer))).map((layer) => withoutMaskArgument(layer, masks));
  const needed = dependenciesOf(others, layers);
  return layers.flatMap((layer) => {
    const name = nameOf(layer);
    if (masks.has(name)) return needed.has(name) ? [layer] : [];
    return [withoutMaskArgument(layer, masks)];
  });
}

/** Names of the layers that these layers depend on, directly or not. */
function dependenciesOf(layers: readonly JsonObject[], all: readonly JsonObject[]): ReadonlySet<string> {
  const byName = new Map(all.map((layer) => [nameOf(layer), layer]));
  const needed = new Set<string>();
  const pending = layers.flatMap(inputLayersOf);
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    const layer = byName.get(name);
    if (layer !== undefined) pending.push(...inputLayersOf(layer));
  }
  return needed;
}

/** Names of the layers whose outputs a layer is called with, masks in lists included. */
function inputLayersOf(layer: JsonObject): readonly string[] {
  const calls = isList(layer["inbound_nodes"]) ? layer["inbound_nodes"] : [];
  const masks = calls.flatMap((call) => namedRefs(maskOf(call)));
  return [...argumentsOf(layer), ...masks.map(({ ref }) => ref)].map(([name]) => name);
}

/** The mask operations and the tokens that each one compares. A merging layer makes `LogicalOr` of a mask and itself. */
function embeddingMasks(layers: readonly JsonObject[]): ReadonlyMap<string, string> {
  const tokens = new Set(layers.filter(masksZero).flatMap(firstInputs));
  const masks = new Map<string, string>();
  for (const layer of layers.filter(isOperation)) {
    const className = textAt(layer, "class_name");
    const source = className === "NotEqual" ? comparedWithZero(layer) : undefined;
    const joined = className === "LogicalOr" ? new Set(argumentsOf(layer).map(([name]) => masks.get(name))) : new Set();
    const [shared] = joined;
    if (source !== undefined && tokens.has(source)) masks.set(nameOf(layer), source);
    else if (joined.size === 1 && typeof shared === "string") masks.set(nameOf(layer), shared);
  }
  return masks;
}

/** `.h5` files do not have the module. */
function isOperation(layer: JsonObject): boolean {
  return textAt(layer, "module")?.startsWith("keras.src.ops") ?? true;
}

function argumentsOf(layer: JsonObject): readonly TensorRef[] {
  return inboundNodes(layer["inbound_nodes"]).nodes.flat();
}

function withoutMaskArgument(layer: JsonObject, masks: ReadonlyMap<string, string>): JsonObject {
  const { inbound_nodes: calls, config } = layer;
  if (!isList(calls) || !isObject(config)) return layer;
  const hasMask = (call: Json): boolean => namedRefs(maskOf(call)).some(({ ref: [name] }) => masks.has(name));
  if (!calls.every(hasMask) || calls.length === 0) return layer;
  const inbound = calls.map((call): Json => {
    if (!isObject(call) || !isObject(call["kwargs"])) return call;
    return { ...call, kwargs: { ...call["kwargs"], mask: null } };
  });
  return { ...layer, config: { ...config, expects_mask: true }, inbound_nodes: inbound };
}

function maskOf(call: Json): Json {
  const kwargs = isObject(call) ? call["kwargs"] : undefined;
  return isObject(kwargs) ? (kwargs["mask"] ?? null) : null;
}

function nameOf(layer: JsonObject): string {
  return textAt(layer, "name") ?? textAt(layer["config"], "name") ?? "";
}

function masksZero(layer: JsonObject): boolean {
  const { config } = layer;
  return textAt(layer, "class_name") === "Embedding" && isObject(config) && config["mask_zero"] === true;
}

function firstInputs(layer: JsonObject): readonly string[] {
  return inboundNodes(layer["inbound_nodes"]).nodes.map(([first]) => JSON.stringify(first));
}

/** The value that an operation with one call compares with zero. */
function comparedWithZero(layer: JsonObject): string | undefined {
  const calls = layer["inbound_nodes"];
  const call: Json | undefined = isList(calls) && calls.length === 1 ? calls[0] : undefined;
  const list = isObject(call) ? call["args"] : undefined;
  const [value = null, zero, ...others] = isList(list) ? list : [];
  const [found] = namedRefs(value);
  return zero === 0 && others.length === 0 && found !== undefined ? JSON.stringify(found.ref) : undefined;
}
