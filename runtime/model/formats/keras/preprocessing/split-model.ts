import type { RefusedLayer } from "../faults.ts";
import type { KerasInput } from "../keras-model.ts";
import { isList, type Json, type JsonObject, objectAt, textAt } from "../topology/json-config.ts";
import {
  type FlatLayer,
  type FlatModel,
  flatModel,
  hasPreprocessing,
  inputLayer,
  type Reference,
} from "./flat-model.ts";
import type { Preprocessing, PreprocessingStep } from "./preprocessing.ts";
import { stepShape } from "./shapes.ts";
import { preprocessingClasses, stepOptions } from "./steps.ts";

/** A model in two parts: what is run beside the engine, and the rest for the engine. */
export interface SplitModel {
  readonly preprocessing: Preprocessing;
  readonly model: JsonObject;
  /** Of the rest. */
  readonly inputs: readonly KerasInput[];
  readonly refused: readonly RefusedLayer[];
  /** Where layers of the rest stood before, by their name: see FlatModel. */
  readonly moved: ReadonlyMap<string, readonly string[]>;
}

/** Splits a translated model; `undefined` when it has nothing to be run beside the engine. Throws a ConfigError. */
export function splitModel(model: JsonObject, inputs: readonly KerasInput[]): SplitModel | undefined {
  if (!hasPreprocessing(model)) return undefined;
  const flat = flatModel(model);
  const values = knownValues(flat, inputs);
  const refused = values.addSteps(flat.layers.filter(({ className }) => preprocessingClasses.has(className)));
  return { ...restOf(flat, values, textAt(objectAt(model, "config"), "name") ?? "model"), refused, moved: flat.moved };
}

interface Value {
  readonly shape: readonly number[];
  /** As inputs of the rest are declared. */
  readonly type: KerasInput["dtype"];
}

/** What is known before the engine is asked. */
interface KnownValues {
  readonly inputs: Preprocessing["inputs"];
  readonly steps: readonly PreprocessingStep[];
  /** The number of a value; `undefined` for what an engine computes. */
  numberOf(reference: Reference): number | undefined;
  at(number: number): Value;
  /** Adds all calls of these layers that take known values only; the others are refused. */
  addSteps(layers: readonly FlatLayer[]): readonly RefusedLayer[];
}

function knownValues({ layers, inputs: references }: FlatModel, given: readonly KerasInput[]): KnownValues {
  const inputs = references.map(([name], i) => {
    const layer = layers.find((one) => one.name === name)?.layer;
    return { name: given[i]?.name ?? name, dtype: given[i]?.dtype ?? "float32", shape: inputShape(layer) };
  });
  const values: Value[] = inputs.map(({ shape, dtype }) => ({ shape, type: dtype }));
  const numbers = new Map(references.map(([name], i) => [keyOf([name, 0, 0]), i]));
  const steps: PreprocessingStep[] = [];
  const at = (number: number): Value => values[number] ?? { shape: [], type: "float32" };

  const addStep = (layer: FlatLayer, call: number, takes: readonly number[]): string | undefined => {
    const options = stepOptions(layer.className, objectAt(layer.layer, "config"));
    const shapes = takes.map((number) => at(number).shape);
    const shape = "reason" in options ? options : stepShape(options, shapes);
    const type = "reason" in options || options.encoding.mode !== "int" ? "float32" : "int32";
    numbers.set(keyOf([layer.name, call, 0]), values.length);
    values.push({ shape: "reason" in shape ? [] : shape, type });
    if ("reason" in options) return options.reason;
    if ("reason" in shape) return shape.reason;
    steps.push({ layer: layer.name, takes, ...options });
    return undefined;
  };
  return {
    inputs,
    steps,
    numberOf: (reference) => numbers.get(keyOf(reference)),
    at,
    addSteps: (found) => {
      const waiting = new Set(found.flatMap((layer) => layer.calls.map((_, call) => ({ layer, call }))));
      const refused = new Map<string, RefusedLayer>();
      for (let before = -1; before !== waiting.size;) {
        before = waiting.size;
        for (const item of waiting) {
          const takes = (item.layer.calls[item.call] ?? []).map((reference) => numbers.get(keyOf(reference)));
          const known = takes.filter((number) => number !== undefined);
          if (known.length < takes.length) continue;
          waiting.delete(item);
          const reason = addStep(item.layer, item.call, known);
          if (reason !== undefined) refused.set(item.layer.name, refusedLayer(item.layer, reason));
        }
      }
      const others = [...waiting].map(({ layer }) => refusedLayer(layer, "it does not stand right behind inputs"));
      return [...new Map([...others.map((layer) => [layer.name, layer] as const), ...refused]).values()];
    },
  };
}

function inputShape(layer: JsonObject | undefined): readonly number[] {
  const { batch_input_shape: shape = [] } = objectAt(layer, "config");
  return (isList(shape) ? shape : []).map((size) => (typeof size === "number" ? size : -1));
}

function refusedLayer({ name, className }: FlatLayer, reason: string): RefusedLayer {
  return { name, className, reason };
}

function keyOf([name, call, tensor]: Reference): string {
  return `${name}/${call}/${tensor}`;
}

/** The layers that an engine runs, with an input for each value that they take. */
function restOf(flat: FlatModel, values: KnownValues, name: string): Omit<SplitModel, "refused" | "moved"> {
  const feeds: number[] = [];
  const fed = (reference: Reference): Reference => {
    const number = values.numberOf(reference);
    if (number === undefined) return reference;
    if (!feeds.includes(number)) feeds.push(number);
    return [feedName(number), 0, 0];
  };
  const inputNames = new Set(flat.inputs.map(([input]) => input));
  const own = flat.layers.filter((layer) => !preprocessingClasses.has(layer.className) && !inputNames.has(layer.name));
  const layers = own.map((layer) => rewritten(layer, fed));
  const outputs = flat.outputs.map(fed);
  const inputs = feeds.map((number) => ({ name: feedName(number), ...values.at(number) }));
  const entries = inputs.map(({ name: input, shape, type }) =>
    inputLayer(
      input,
      shape.map((size) => (size < 0 ? null : size)),
      engineType(type),
    ),
  );
  const config = {
    name,
    layers: [...entries, ...layers],
    input_layers: inputs.map(({ name: input }): Json => [input, 0, 0]),
    output_layers: outputs,
  };
  return {
    preprocessing: { inputs: values.inputs, steps: values.steps, feeds },
    model: { class_name: "Model", config },
    inputs: inputs.map(({ name: input, type }) => ({ name: input, dtype: type })),
  };
}

function feedName(number: number): string {
  return `preprocessed_${number}`;
}

/** See `inputDtypes` in topology/layers.ts. */
function engineType(type: KerasInput["dtype"]): string {
  if (type === "bool" || type === "string") return type;
  return type.startsWith("float") ? "float32" : "int32";
}

function rewritten({ layer, name, calls }: FlatLayer, fed: (reference: Reference) => Reference): JsonObject {
  const inbound = calls.map((call): Json => call.map((reference): Json => [...fed(reference), {}]));
  return { ...layer, name, config: { ...objectAt(layer, "config"), name }, inbound_nodes: inbound };
}
