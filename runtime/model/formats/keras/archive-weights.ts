import { isList, isObject, type JsonObject, textAt } from "./topology/json-config.ts";
import { modelClasses } from "./topology/layer-support.ts";

/** A hierarchy of groups and datasets: an HDF5 file, or names that imitate one. */
export interface WeightGroups<Dataset> {
  /** Names of the direct children of a group; none when there is no such group. */
  childNames(group: string): readonly string[];
  dataset(path: string): Dataset;
}

/** Datasets of one layer, in Keras' order. */
interface LayerGroup<Dataset> {
  /** Names of the nested models around the layer, and the layer's own name. */
  readonly path: readonly string[];
  readonly datasets: readonly Dataset[];
}

/**
 * The weights of a `.keras` archive by layer. Its groups are numbered by class in the order of the layers (`layers/dense`,
 * `layers/dense_1`) and nest like the models; they do not have the layers' names. `model` is the description from the file.
 * See keras/src/saving/saving_lib.py, `_save_container_state`.
 */
export function archiveWeights<D>(file: WeightGroups<D>, model: JsonObject): readonly LayerGroup<D>[] {
  return modelWeights(file, model, "", []);
}

function modelWeights<D>(
  file: WeightGroups<D>,
  model: JsonObject,
  group: string,
  path: readonly string[],
): readonly LayerGroup<D>[] {
  const config = model["config"];
  const layers =
    isObject(config) && isList(config["layers"]) ? config["layers"].filter((layer) => isObject(layer)) : [];
  const groups = groupNames(layers);
  return layers.flatMap((layer, i) => {
    const inner = `${group}/layers/${groups[i]}`;
    const layerPath = [...path, textAt(layer, "name") ?? textAt(layer["config"], "name") ?? ""];
    if (modelClasses.has(textAt(layer, "class_name") ?? "")) return modelWeights(file, layer, inner, layerPath);
    const datasets = layerDatasets(file, layer, inner);
    return datasets.length === 0 ? [] : [{ path: layerPath, datasets }];
  });
}

/** A layer's own variables, then those of the layers and cells in it. */
function layerDatasets<D>(file: WeightGroups<D>, layer: JsonObject, group: string): readonly D[] {
  const own = variables(file, `${group}/vars`);
  const config = layer["config"];
  if (!isObject(config)) return own;
  if (textAt(layer, "class_name") === "SpectralNormalization") {
    const inner = config["layer"]; // its own variables are the inner kernel again and the state of training
    return isObject(inner) ? layerDatasets(file, inner, `${group}/layer`) : own;
  }
  if (textAt(layer, "class_name") === "Bidirectional") {
    const inner = config["layer"];
    if (!isObject(inner)) return own;
    const directions = ["forward_layer", "backward_layer"];
    return [...own, ...directions.flatMap((direction) => layerDatasets(file, inner, `${group}/${direction}`))];
  }
  if (/^(MultiHead|GroupQuery)Attention$/.test(textAt(layer, "class_name") ?? "")) {
    const parts = ["query_dense", "key_dense", "value_dense", "output_dense"];
    // Keras 2 puts an underscore before these names.
    const places = parts.flatMap((part) => [`${group}/${part}/vars`, `${group}/_${part}/vars`]);
    return [...own, ...places.flatMap((place) => variables(file, place))];
  }
  const { layer: wrapped, cell, cells } = config;
  const list = isList(cells) ? cells.filter((item) => isObject(item)) : [];
  const groups = groupNames(list);
  return [
    ...own,
    ...(isObject(wrapped) ? wrappedDatasets(file, wrapped, `${group}/layer`) : []),
    ...layerDatasets(file, isObject(cell) ? cell : {}, `${group}/cell`),
    ...list.flatMap((item, i) => layerDatasets(file, item, `${group}/cells/${groups[i]}`)),
  ];
}

/** The datasets of a layer in a wrapper, or of all layers of a model in a wrapper. */
function wrappedDatasets<D>(file: WeightGroups<D>, wrapped: JsonObject, group: string): readonly D[] {
  if (!modelClasses.has(textAt(wrapped, "class_name") ?? "")) return layerDatasets(file, wrapped, group);
  return modelWeights(file, wrapped, group, []).flatMap(({ datasets }) => datasets);
}

function variables<D>(file: WeightGroups<D>, group: string): readonly D[] {
  const names = file.childNames(group).filter((name) => /^\d+$/.test(name));
  return names.sort((a, b) => Number(a) - Number(b)).map((name) => file.dataset(`${group}/${name}`));
}

/** Group names of layers: the class in snake case, numbered in order. */
export function groupNames(layers: readonly JsonObject[]): readonly string[] {
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    const className = textAt(layer, "class_name") ?? "";
    const name = snakeCase(pythonNames.get(className) ?? className);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  });
}

/** Python class names of the classes that are registered under another name. */
const pythonNames: ReadonlyMap<string, string> = new Map([["GroupQueryAttention", "GroupedQueryAttention"]]);

/** keras/src/utils/naming.py, `to_snake_case`. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
