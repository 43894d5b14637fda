import { entriesOf, isList, isObject, type Json, type JsonObject } from "../json-config.ts";

/**
 * Replaces the dictionaries of inputs and outputs of a nested model by lists: Keras numbers the entries of a dictionary in the order
 * of their sorted keys.
 */
export function withListsForDictionaries(model: JsonObject): JsonObject {
  const { config, inbound_nodes: calls } = model;
  if (!isObject(config)) return model;
  const { input_layers: inputs = null, output_layers: outputs = null } = config;
  const listed = isList(calls) ? { inbound_nodes: calls.map((call) => withListedArguments(call)) } : {};
  return { ...model, ...listed, config: { ...config, input_layers: sorted(inputs), output_layers: sorted(outputs) } };
}

function withListedArguments(call: Json): Json {
  if (!isObject(call) || !isList(call["args"])) return call;
  const [first = null, ...others] = call["args"];
  return isObject(first) && first["class_name"] === undefined ? { ...call, args: [sorted(first), ...others] } : call;
}

function sorted(value: Json): Json {
  if (!isObject(value)) return value;
  return entriesOf(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, item]) => item);
}
