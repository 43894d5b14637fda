import { namedRefs } from "./inbound-nodes.ts";
import { ConfigError, type JsonObject, isList, textAt } from "./json-config.ts";

/** One call of a layer: the calls of which it takes outputs, as `name/number`. */
interface Call {
  readonly layer: string;
  readonly takes: readonly string[];
}

/**
 * Throws ConfigError unless the calls of these layers, in the engine's notation, can be made one after the other: the engine
 * waits for ever for the output of a call that never comes. `isModel` tells layers that are models: making one is its call 0.
 */
export function checkCallOrder(layers: readonly JsonObject[], isModel: (layer: JsonObject) => boolean): void {
  const made = new Set<string>();
  const calls = new Map<string, Call>();
  for (const layer of layers) {
    const name = textAt(layer, "name") ?? "";
    const nodes = isList(layer["inbound_nodes"]) ? layer["inbound_nodes"] : [];
    const first = isModel(layer) ? 1 : 0;
    if (first === 1 || nodes.length === 0) made.add(`${name}/0`);
    for (const [i, node] of nodes.entries()) {
      const takes = namedRefs(node).map(({ ref: [from, number] }) => `${from}/${number}`);
      calls.set(`${name}/${i + first}`, { layer: name, takes });
    }
  }
  makeAll(calls, made);
  const stuck = [...calls].find(([key]) => !made.has(key))?.[1];
  if (stuck === undefined) return;
  const missing = stuck.takes.find((from) => !made.has(from)) ?? "";
  const reason = calls.has(missing) ? "which waits for others in turn" : "which is never called";
  throw new ConfigError(`layer "${stuck.layer}" takes an output of "${missing.replace(/\/\d+$/, "")}", ${reason}`);
}

/** Adds the calls that can be made to those that are. */
function makeAll(calls: ReadonlyMap<string, Call>, made: Set<string>): void {
  for (let before = -1; before !== made.size;) {
    before = made.size;
    for (const [key, { takes }] of calls) {
      if (takes.every((from) => made.has(from))) made.add(key);
    }
  }
}
