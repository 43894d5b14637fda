import { isList, type Json, type JsonObject, textAt } from "../../../model/formats/keras/topology/json-config.ts";
import { modelClasses } from "../../../model/formats/keras/topology/layer-support.ts";
import { elementCount } from "../../../dataplane/tensor.ts";
import { exportLayer } from "./layers/exported-layers.ts";
import type { OnnxGraph } from "../onnx-graph.ts";
import { cast, NotExportedError, unmasked, type Value } from "./values.ts";
import { LayerError, layersOf, type NamedLayer, pathKey, type WeightsByLayer } from "./weights-by-layer.ts";

/** What is needed to add layers to a graph. */
export interface BuildContext {
  readonly graph: OnnxGraph;
  readonly weights: WeightsByLayer;
}

/** Limit on the elements of one layer's output for one row; 1 GiB of float32. */
const maxRowElements = 2 ** 28;

/** Adds a Sequential or functional model to the graph. Throws a LayerError or a NotExportedError. */
export function buildModel(
  context: BuildContext,
  model: JsonObject,
  inputs: readonly Value[],
  path: readonly string[] = [],
): readonly Value[] {
  const layers = layersOf(model);
  if (textAt(model, "class_name") !== "Sequential") return buildFunctionalModel(context, model, inputs, path);
  const called = layers.filter(({ className }) => className !== "InputLayer");
  return called.reduce((values, layer) => buildLayer(context, layer, values, path), inputs);
}

function buildLayer(
  context: BuildContext,
  named: NamedLayer,
  given: readonly Value[],
  path: readonly string[],
): readonly Value[] {
  const { name, className, config, layer } = named;
  const layerPath = [...path, name];
  const inputs = withMaskInputs(context.graph, config, given);
  if (modelClasses.has(className)) return buildModel(context, layer, inputs, layerPath);
  try {
    const weights = context.weights.get(pathKey(layerPath)) ?? [];
    const lacksMask = config["expects_mask"] === true && inputs[0]?.mask === undefined;
    if (lacksMask) throw new NotExportedError("the mask of its input is lost on the way");
    const outputs = exportLayer(className, { config, inputs, weights, graph: context.graph });
    for (const { shape } of outputs) checkRowSize(shape);
    return withPropagatedMask(config, given, outputs);
  } catch (thrown) {
    throw thrown instanceof NotExportedError ? new LayerError(named, thrown) : thrown;
  }
}

/** Attaches masks that are passed as trailing inputs: see formats/keras/topology/mask-inputs.ts. */
function withMaskInputs(
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

/** A layer that ignores masks passes its first input's mask on with sequences. */
function withPropagatedMask(
  { takes_masks: taken }: JsonObject,
  [input]: readonly Value[],
  outputs: readonly Value[],
): readonly Value[] {
  const mask = isList(taken) && taken.length === 0 ? input?.mask : undefined;
  return mask === undefined ? outputs : outputs.map((value) => (value.shape.length > 2 ? { ...value, mask } : value));
}

function checkRowSize(shape: readonly number[]): void {
  const elements = elementCount(shape.slice(1).map((size) => Math.max(size, 1)));
  if (elements > maxRowElements) throw new NotExportedError(`its output would take ${elements} elements`);
}

/** A reference to an output of one call of a layer. */
type Reference = readonly [name: string, node: number, tensor: number];

/** Adds a functional model, whose layers name their inputs: each call is built when its result is first needed. */
function buildFunctionalModel(
  context: BuildContext,
  model: JsonObject,
  inputs: readonly Value[],
  path: readonly string[],
): readonly Value[] {
  const layers = new Map(layersOf(model).map((layer) => [layer.name, layer]));
  const config = model["config"] as JsonObject; // checked by `layersOf`
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
    const call = modelClasses.has(layer.className) ? modelCallIndex(node, calls.length) : node;
    const key = `${name}/${call}`;
    const known = results.get(key);
    if (known === "being built") throw new NotExportedError(`layer "${name}" depends on its own output`);
    const values = known ?? built(key, layer, references(calls[call]));
    const value = values[tensor];
    if (value === undefined) throw new NotExportedError(`layer "${name}" has no output ${tensor}`);
    return value;
  };
  const built = (key: string, layer: NamedLayer, calledWith: readonly Reference[]): readonly Value[] => {
    results.set(key, "being built");
    const values = buildLayer(context, layer, calledWith.map(valueOf), path);
    results.set(key, values);
    return values;
  };
  return references(config["output_layers"]).map(valueOf);
}

/**
 * Index of a nested model's call: constructing the model counts as its first call, see `callShift` in
 * formats/keras/topology/layers.ts.
 */
function modelCallIndex(node: number, calls: number): number {
  return calls === 1 ? 0 : node - 1;
}

function references(value: Json | undefined): readonly Reference[] {
  return (isList(value) ? value : []).map((item) => {
    const [name, node, tensor] = isList(item) ? item : [];
    if (typeof name === "string" && typeof node === "number" && typeof tensor === "number") return [name, node, tensor];
    throw new NotExportedError("a layer is called with something other than an output of a layer");
  });
}
