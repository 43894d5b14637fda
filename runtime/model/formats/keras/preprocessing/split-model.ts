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
import { stepShape } from "./step-shape.ts";
import { preprocessingClasses, stepOptions } from "./step-options.ts";

/** A model in two parts: the preprocessing, and the rest for the engine. */
export interface SplitModel {
  readonly preprocessing: Preprocessing;
  readonly model: JsonObject;
  /** Inputs of the rest. */
  readonly inputs: readonly KerasInput[];
  readonly refused: readonly RefusedLayer[];
  /** See FlatModel. */
  readonly originalPaths: ReadonlyMap<string, readonly string[]>;
}

/** Splits a translated model; `undefined` when it has no preprocessing layers. Throws a ConfigError. */
export function splitModel(model: JsonObject, inputs: readonly KerasInput[]): SplitModel | undefined {
  if (!hasPreprocessing(model)) return undefined;
  const flat = flatModel(model);
  const values = preprocessedValues(flat, inputs);
  const refused = values.addSteps(flat.layers.filter(({ className }) => preprocessingClasses.has(className)));
  return {
    ...engineModel(flat, values, textAt(objectAt(model, "config"), "name") ?? "model"),
    refused,
    originalPaths: flat.originalPaths,
  };
}

interface Value {
  readonly shape: readonly number[];
  /** Declared type of the input that it feeds. */
  readonly type: KerasInput["dtype"];
}

/** The inputs of the model and the values computed before the engine. */
interface PreprocessedValues {
  readonly inputs: Preprocessing["inputs"];
  readonly steps: readonly PreprocessingStep[];
  /** The number of a value; `undefined` for values that the engine computes. */
  numberOf(reference: Reference): number | undefined;
  at(number: number): Value;
  /** Adds all calls of these layers whose inputs are known; returns the refused layers. */
  addSteps(layers: readonly FlatLayer[]): readonly RefusedLayer[];
}

function preprocessedValues(
  { layers, inputs: references }: FlatModel,
  given: readonly KerasInput[],
): PreprocessedValues {
  const inputs = references.map(([name], i) => {
    const layer = layers.find((one) => one.name === name)?.layer;
    return { name: given[i]?.name ?? name, dtype: given[i]?.dtype ?? "float32", shape: inputShape(layer) };
  });
  const values: Value[] = inputs.map(({ shape, dtype }) => ({ shape, type: dtype }));
  const numbers = new Map(references.map(([name], i) => [referenceKey([name, 0, 0]), i]));
  const steps: PreprocessingStep[] = [];
  const at = (number: number): Value => values[number] ?? { shape: [], type: "float32" };

  const addStep = (layer: FlatLayer, call: number, takes: readonly number[]): string | undefined => {
    const options = stepOptions(layer.className, objectAt(layer.layer, "config"));
    const shapes = takes.map((number) => at(number).shape);
    const shape = "reason" in options ? options : stepShape(options, shapes);
    const type = "reason" in options || options.encoding.mode !== "int" ? "float32" : "int32";
    numbers.set(referenceKey([layer.name, call, 0]), values.length);
    values.push({ shape: "reason" in shape ? [] : shape, type });
    if ("reason" in options) return options.reason;
    if ("reason" in shape) return shape.reason;
    steps.push({ layer: layer.name, inputs: takes, ...options });
    return undefined;
  };
  return {
    inputs,
    steps,
    numberOf: (reference) => numbers.get(referenceKey(reference)),
    at,
    addSteps: (found) => {
      const pending = new Set(found.flatMap((layer) => layer.calls.map((_, call) => ({ layer, call }))));
      const refused = new Map<string, RefusedLayer>();
      for (let before = -1; before !== pending.size;) {
        before = pending.size;
        for (const item of pending) {
          const takes = (item.layer.calls[item.call] ?? []).map((reference) => numbers.get(referenceKey(reference)));
          const known = takes.filter((number) => number !== undefined);
          if (known.length < takes.length) continue;
          pending.delete(item);
          const reason = addStep(item.layer, item.call, known);
          if (reason !== undefined) refused.set(item.layer.name, refusedLayer(item.layer, reason));
        }
      }
      const others = [...pending].map(({ layer }) =>
        refusedLayer(layer, "it takes the output of a layer that is not preprocessing"),
      );
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

function referenceKey([name, call, tensor]: Reference): string {
  return `${name}/${call}/${tensor}`;
}

/** The layers for the engine, with an input for each value that feeds them. */
function engineModel(
  flat: FlatModel,
  values: PreprocessedValues,
  name: string,
): Omit<SplitModel, "refused" | "originalPaths"> {
  const feeds: number[] = [];
  const feed = (reference: Reference): Reference => {
    const number = values.numberOf(reference);
    if (number === undefined) return reference;
    if (!feeds.includes(number)) feeds.push(number);
    return [feedName(number), 0, 0];
  };
  const inputNames = new Set(flat.inputs.map(([input]) => input));
  const own = flat.layers.filter((layer) => !preprocessingClasses.has(layer.className) && !inputNames.has(layer.name));
  const layers = own.map((layer) => rewritten(layer, feed));
  const outputs = flat.outputs.map(feed);
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

function rewritten({ layer, name, calls }: FlatLayer, feed: (reference: Reference) => Reference): JsonObject {
  const inbound = calls.map((call): Json => call.map((reference): Json => [...feed(reference), {}]));
  return { ...layer, name, config: { ...objectAt(layer, "config"), name }, inbound_nodes: inbound };
}
