import { namedRefs } from "./inbound-nodes.ts";
import { ConfigError, type JsonObject, isList, textAt } from "./json-config.ts";

/** One call of a layer and the calls whose outputs it takes, as `name/number`. */
interface Call {
  readonly layer: string;
  readonly inputs: readonly string[];
}

/**
 * Throws a ConfigError unless the calls of these layers, in the engine's notation, have a topological order: the engine would wait
 * for ever for a missing output. `isModel` tells nested models, whose construction is call 0.
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
      const inputs = namedRefs(node).map(({ ref: [from, number] }) => `${from}/${number}`);
      calls.set(`${name}/${i + first}`, { layer: name, inputs });
    }
  }
  makeAll(calls, made);
  const stuck = [...calls].find(([key]) => !made.has(key))?.[1];
  if (stuck === undefined) return;
  const missing = stuck.inputs.find((from) => !made.has(from)) ?? "";
  const reason = calls.has(missing) ? "which waits for others in turn" : "which is never called";
  throw new ConfigError(`layer "${stuck.layer}" takes an output of "${missing.replace(/\/\d+$/, "")}", ${reason}`);
}

/** Adds to `made` all calls whose inputs are made, until none is left. */
function makeAll(calls: ReadonlyMap<string, Call>, made: Set<string>): void {
  for (let before = -1; before !== made.size;) {
    before = made.size;
    for (const [key, { inputs }] of calls) {
      if (inputs.every((from) => made.has(from))) made.add(key);
    }
  }
}
