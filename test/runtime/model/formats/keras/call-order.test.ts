import { describe, expect, it } from "vitest";
import { checkCallOrder } from "../../../../../runtime/model/formats/keras/topology/call-order.ts";
import type { JsonObject } from "../../../../../runtime/model/formats/keras/topology/json-config.ts";

const input: JsonObject = { class_name: "InputLayer", name: "in", inbound_nodes: [] };
/** A layer whose calls take these outputs. */
function layer(name: string, ...calls: readonly (readonly [string, number])[]): JsonObject {
  return { class_name: "Dense", name, inbound_nodes: calls.map(([from, call]) => [[from, call, 0, {}]]) };
}
function model(name: string, ...calls: readonly (readonly [string, number])[]): JsonObject {
  return { ...layer(name, ...calls), class_name: "Model" };
}
const isModel = (each: JsonObject): boolean => each["class_name"] === "Model";

describe("calls of layers", () => {
  const good: Readonly<Record<string, readonly JsonObject[]>> = {
    "one after the other": [input, layer("a", ["in", 0]), layer("b", ["a", 0])],
    "in any order of the list": [layer("b", ["a", 0]), layer("a", ["in", 0]), input],
    "a shared layer, called on its own output": [input, layer("a", ["in", 0], ["a", 0]), layer("b", ["a", 1])],
    "a model, whose first call made it": [input, model("m", ["in", 0]), layer("b", ["m", 1])],
  };
  it.each(Object.entries(good))("can be made: %s", (_, layers) => {
    expect(checkCallOrder(layers, isModel)).toBeUndefined();
  });

  // The engine would loop for ever for each of these.
  const endless: Readonly<Record<string, readonly [readonly JsonObject[], string]>> = {
    "a layer that is not there": [
      [input, layer("a", ["nowhere", 0])],
      'layer "a" takes an output of "nowhere", which is never called',
    ],
    "a name that every object has": [
      [input, layer("a", ["__proto__", 0])],
      'layer "a" takes an output of "__proto__", which is never called',
    ],
    "a call that is not there": [
      [input, layer("a", ["in", 0]), layer("b", ["a", 7])],
      'layer "b" takes an output of "a", which is never called',
    ],
    "layers that wait for each other": [
      [input, layer("a", ["b", 0]), layer("b", ["a", 0])],
      'layer "a" takes an output of "b", which waits for others in turn',
    ],
    "a layer that waits for itself": [
      [input, layer("a", ["a", 0])],
      'layer "a" takes an output of "a", which waits for others in turn',
    ],
  };
  it.each(Object.entries(endless))("cannot be made: %s", (_, [layers, reason]) => {
    expect(() => checkCallOrder(layers, isModel)).toThrow(reason);
  });
});
