import { isList, type Json, type JsonObject, textAt } from "../../../model/formats/keras/topology/json-config.ts";
import { modelClasses } from "../../../model/formats/keras/topology/layer-support.ts";
import { elementCount } from "../../../dataplane/tensor.ts";
import { exportedCall } from "./layers/exported-layers.ts";
import type { OnnxGraph } from "./onnx-graph.ts";
import { cast, NotExportedError, unmasked, type Value } from "./values.ts";
import { LayerError, layersOf, type NamedLayer, pathKey, type WeightShares } from "./weight-shares.ts";

/** What layers are built with. */
export interface Building {
  readonly graph: OnnxGraph;
  readonly shares: WeightShares;
}

/** Elements of one layer's output for one row; 1 GiB of float32. */
const maxRowElements = 2 ** 28;

/** Adds a Sequential or functional model to the graph. Throws a LayerError or a NotExportedError. */
export function builtModel(
  building: Building,
  model: JsonObject,
  inputs: readonly Value[],
  path: readonly string[] = [],
): readonly Value[] {
  const layers = layersOf(model);
  if (textAt(model, "class_name") !== "Sequential") return functionalModel(building, model, inputs, path);
  const called = layers.filter(({ className }) => className !== "InputLayer");
  return called.reduce((values, layer) => builtLayer(building, layer, values, path), inputs);
}

function builtLayer(
  building: Building,
  named: NamedLayer,
  given: readonly Value[],
  path: readonly string[],
): readonly Value[] {
  const { name, className, config, layer } = named;
  const here = [...path, name];
  const inputs = withWrittenMasks(building.graph, config, given);
  if (modelClasses.has(className)) return builtModel(building, layer, inputs, here);
  try {
    const weights = building.shares.get(pathKey(here)) ?? [];
    const lacksMask = config["expects_mask"] === true && inputs[0]?.mask === undefined;
    if (lacksMask) throw new NotExportedError("the mask of its input is lost on the way");
    const outputs = exportedCall(className, { config, inputs, weights, graph: building.graph });
    for (const { shape } of outputs) checkRow(shape);
    return withPassedMask(config, given, outputs);
  } catch (thrown) {
    throw thrown instanceof NotExportedError ? new LayerError(named, thrown) : thrown;
  }
}

/** The last inputs are masks of those before: see formats/keras/topology/mask-inputs.ts. */
function withWrittenMasks(
  graph: OnnxGraph,
  { takes_masks: taken }: JsonObject,
  inputs: readonly Value[],
): readonly Value[] {
  if (!isList(taken)) return inputs;
  const count = inputs.length - taken.filter((isTaken) => isTaken === true).length;
  let next = count;
  return inputs.slice(0, count).map((input, i) => {
    const mask = taken[i] === true ? inputs[next++] : undefined;
    return mask === undefined ? unmasked(input) : { ...input, mask: cast(graph, mask, "bool").name };
  });
}

/** A layer that heeds no mask passes that of its first input on with its sequence. */
function withPassedMask(
  { takes_masks: taken }: JsonObject,
  [input]: readonly Value[],
  outputs: readonly Value[],
): readonly Value[] {
  const mask = isList(taken) && taken.length === 0 ? input?.mask : undefined;
  return mask === undefined ? outputs : outputs.map((value) => (value.shape.length > 2 ? { ...value, mask } : value));
}

function checkRow(shape: readonly number[]): void {
  const elements = elementCount(shape.slice(1).map((size) => Math.max(size, 1)));
  if (elements > maxRowElements) throw new NotExportedError(`its output would take ${elements} elements`);
}

/** Which output of which call of which layer. */
type Reference = readonly [name: string, node: number, tensor: number];

/** A model whose layers name what they are called with: each call is built when its result is first asked for. */
function functionalModel(
  building: Building,
  model: JsonObject,
  inputs: readonly Value[],
  path: readonly string[],
): readonly Value[] {
  const layers = new Map(layersOf(model).map((layer) => [layer.name, layer]));
  const config = model["config"] as JsonObject; // `layersOf` has looked into it
  const given = references(config["input_layers"]);
  if (given.length !== inputs.length) {
    throw new NotExportedError(`a model takes ${given.length} inputs, not ${inputs.length}`);
  }
  const results = new Map<string, readonly Value[] | "being built">();
  for (const [i, input] of inputs.entries()) results.set(`${given[i]?.[0]}/0`, [input]);

  const valueOf = ([name, node, tensor]: Reference): Value => {
    const layer = layers.get(name);
    if (layer === undefined) throw new NotExportedError(`there is no layer "${name}"`);
    const calls = isList(layer.layer["inbound_nodes"]) ? layer.layer["inbound_nodes"] : [];
    const call = modelClasses.has(layer.className) ? callOfModel(node, calls.length) : node;
    const key = `${name}/${call}`;
    const known = results.get(key);
    if (known === "being built") throw new NotExportedError(`layer "${name}" waits for itself`);
    const values = known ?? built(key, layer, references(calls[call]));
    const value = values[tensor];
    if (value === undefined) throw new NotExportedError(`layer "${name}" has no output ${tensor}`);
    return value;
  };
  const built = (key: string, layer: NamedLayer, calledWith: readonly Reference[]): readonly Value[] => {
    results.set(key, "being built");
    const values = builtLayer(building, layer, calledWith.map(valueOf), path);
    results.set(key, values);
    return values;
  };
  return references(config["output_layers"]).map(valueOf);
}

/** Making a model counts as its first call: see `callShift` in formats/keras/topology/layers.ts. */
function callOfModel(node: number, calls: number): number {
  return calls === 1 ? 0 : node - 1;
}

function references(value: Json | undefined): readonly Reference[] {
  return (isList(value) ? value : []).map((item) => {
    const [name, node, tensor] = isList(item) ? item : [];
    if (typeof name === "string" && typeof node === "number" && typeof tensor === "number") return [name, node, tensor];
    throw new NotExportedError("a layer is called with something that is no output of a layer");
  });
}
