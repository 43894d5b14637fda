import {
  ConfigError,
  isList,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  textAt,
} from "../topology/json-config.ts";
import { modelClasses } from "../topology/layer-support.ts";
import { preprocessingClasses } from "./step-options.ts";

/** A reference to an output: layer, number of the call, number of the output. */
export type Reference = readonly [layer: string, call: number, tensor: number];

/** A layer and its calls. */
export interface FlatLayer {
  readonly name: string;
  readonly className: string;
  readonly layer: JsonObject;
  /** The inputs of each call. */
  readonly calls: readonly (readonly Reference[])[];
}

/** A model without nested models that contain preprocessing layers. */
export interface FlatModel {
  readonly layers: readonly FlatLayer[];
  readonly inputs: readonly Reference[];
  readonly outputs: readonly Reference[];
  /** Original paths of the layers of flattened models, to find their weights: names of models and of the layer, by the new name. */
  readonly originalPaths: ReadonlyMap<string, readonly string[]>;
}

/** Whether a model or one nested in it contains preprocessing layers. */
export function hasPreprocessing(model: JsonObject): boolean {
  return layersIn(model).some((layer) => {
    const className = textAt(layer, "class_name") ?? "";
    return preprocessingClasses.has(className) || (modelClasses.has(className) && hasPreprocessing(layer));
  });
}

/** Flattens the nested models that contain preprocessing layers into a translated model. Throws a ConfigError. */
export function flatModel(model: JsonObject): FlatModel {
  const functional = textAt(model, "class_name") === "Sequential" ? sequentialModel(model) : functionalModel(model);
  let flat: FlatModel = functional;
  for (;;) {
    const inner = flat.layers.find(({ className, layer }) => modelClasses.has(className) && hasPreprocessing(layer));
    if (inner === undefined) return flat;
    flat = withFlattened(flat, inner);
  }
}

function functionalModel(model: JsonObject): FlatModel {
  const config = objectAt(model, "config");
  const layers = layersIn(model).map((layer): FlatLayer => {
    const { inbound_nodes: nodes } = layer;
    const calls = isList(nodes) ? nodes.map(references) : [];
    return { name: nameOf(layer), className: textAt(layer, "class_name") ?? "", layer, calls };
  });
  const { input_layers: inputs = [], output_layers: outputs = [] } = config;
  return { layers, inputs: references(inputs), outputs: references(outputs), originalPaths: new Map() };
}

/** A Sequential model as a functional one. */
function sequentialModel(model: JsonObject): FlatModel {
  const [first, ...others] = layersIn(model);
  if (first === undefined) throw new ConfigError("it has no layers");
  const isInput = textAt(first, "class_name") === "InputLayer";
  const input = isInput ? first : inputFor(first);
  const layers: FlatLayer[] = [flatInput(input)];
  let last: Reference = [nameOf(input), 0, 0];
  for (const layer of isInput ? others : [first, ...others]) {
    const className = textAt(layer, "class_name") ?? "";
    const name = nameOf(layer);
    layers.push({ name, className, layer, calls: [[last]] });
    last = [name, modelClasses.has(className) ? 1 : 0, 0];
  }
  return { layers, inputs: [[nameOf(input), 0, 0]], outputs: [last], originalPaths: new Map() };
}

/** The input layer of a model whose first layer is not one: created, or that of the nested model. */
function inputFor(layer: JsonObject): JsonObject {
  const className = textAt(layer, "class_name") ?? "";
  if (!modelClasses.has(className)) {
    const { batch_input_shape: shape = null } = objectAt(layer, "config");
    return inputLayer(`${nameOf(layer)}_input`, shape, "float32");
  }
  const [first] = layersIn(layer);
  if (first === undefined) throw new ConfigError("a nested model has no layers");
  return textAt(first, "class_name") === "InputLayer" ? first : inputFor(first);
}

/** An InputLayer in the translated notation. */
export function inputLayer(name: string, shape: Json, dtype: string): JsonObject {
  const config = { name, batch_input_shape: shape, dtype };
  return { class_name: "InputLayer", config, name, inbound_nodes: [] };
}

function flatInput(layer: JsonObject): FlatLayer {
  return { name: nameOf(layer), className: "InputLayer", layer, calls: [] };
}

/** Replaces a nested model by its layers, connected to the inputs of its only call. */
function withFlattened(outer: FlatModel, { name, layer, calls }: FlatLayer): FlatModel {
  const [call, ...others] = calls;
  if (call === undefined || others.length > 0) {
    throw new ConfigError(`model "${name}" contains preprocessing layers and is called ${calls.length} times`);
  }
  const inner = flatModel(layer);
  const newName = (innerLayer: string): string => `${name}/${innerLayer}`;
  const inputs = new Map(inner.inputs.map(([input], i) => [input, call[i]]));
  const innerReference = ([innerLayer, node, tensor]: Reference): Reference =>
    inputs.get(innerLayer) ?? [newName(innerLayer), node, tensor];
  const outerReference = (reference: Reference): Reference => {
    if (reference[0] !== name) return reference;
    const output = inner.outputs[reference[2]];
    if (output === undefined) throw new ConfigError(`model "${name}" has no output ${reference[2]}`);
    return innerReference(output);
  };
  const innerLayers = inner.layers
    .filter((layer) => !inputs.has(layer.name))
    .map((layer) => ({
      ...layer,
      name: newName(layer.name),
      calls: layer.calls.map((refs) => refs.map(innerReference)),
    }));
  const originalPaths = new Map(outer.originalPaths);
  for (const { name: before } of inner.layers) {
    originalPaths.set(newName(before), [name, ...(inner.originalPaths.get(before) ?? [before])]);
  }
  const layers = outer.layers.flatMap((layer) => {
    if (layer.name === name) return innerLayers;
    return [{ ...layer, calls: layer.calls.map((refs) => refs.map(outerReference)) }];
  });
  return { ...outer, layers, outputs: outer.outputs.map(outerReference), originalPaths };
}

function layersIn(model: JsonObject): readonly JsonObject[] {
  const { layers } = objectAt(model, "config");
  return isList(layers) ? layers.filter((layer) => isObject(layer)) : [];
}

function nameOf(layer: JsonObject): string {
  return textAt(layer, "name") ?? textAt(layer["config"], "name") ?? "";
}

function references(value: Json): readonly Reference[] {
  return (isList(value) ? value : []).flatMap((item) => {
    const [name, call, tensor] = isList(item) ? item : [];
    const isReference = typeof name === "string" && typeof call === "number" && typeof tensor === "number";
    return isReference ? [[name, call, tensor] as const] : [];
  });
}
