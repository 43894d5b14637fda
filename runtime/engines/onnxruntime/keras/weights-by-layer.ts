import { isList, isObject, type JsonObject, textAt } from "../../../model/formats/keras/topology/json-config.ts";
import { modelClasses } from "../../../model/formats/keras/topology/layer-support.ts";
import type { LayerWeights, Weight } from "../../../model/formats/keras/keras-model.ts";
import { weightCounts } from "./layers/exported-layers.ts";
import type { WeightCounts } from "./layers/layer-export.ts";
import { NotExportedError } from "./values.ts";

/** The weights of each leaf layer, by path (see `pathKey`). */
export type WeightsByLayer = ReadonlyMap<string, readonly Weight[]>;

/** Key of a layer: the names of the nested models and of the layer. */
export function pathKey(path: readonly string[]): string {
  return JSON.stringify(path);
}

/**
 * Assigns the file's weights to leaf layers. A nested model's weights may be stored as one list: the trained weights of
 * all its layers, then the others; a frozen layer has only others.
 */
export function weightsByLayer(model: JsonObject, weights: readonly LayerWeights[]): WeightsByLayer {
  const byLayer = new Map<string, readonly Weight[]>();
  for (const { path, tensors } of weights) {
    const leaves = leavesAt(model, [], path);
    const expected = leaves.reduce((sum, { trained, fixed }) => sum + trained + fixed, 0);
    if (expected !== tensors.length) {
      throw new NotExportedError(`layer "${path.join("/")}" needs ${expected} weights; the file has ${tensors.length}`);
    }
    let nextTrained = 0;
    let nextFixed = leaves.reduce((sum, leaf) => sum + leaf.trained, 0);
    for (const leaf of leaves) {
      const own = [
        ...tensors.slice(nextTrained, nextTrained + leaf.trained),
        ...tensors.slice(nextFixed, nextFixed + leaf.fixed),
      ];
      byLayer.set(pathKey(leaf.path), own);
      nextTrained += leaf.trained;
      nextFixed += leaf.fixed;
    }
  }
  return byLayer;
}

interface Leaf {
  readonly path: readonly string[];
  readonly trained: number;
  readonly fixed: number;
}

/** All leaf layers at or below the end of a path; a Sequential may list one layer several times. */
function leavesAt(model: JsonObject, above: readonly string[], path: readonly string[]): readonly Leaf[] {
  const [next, ...rest] = path;
  const layers = new Map(layersOf(model).map((layer) => [layer.name, layer]));
  const found = [...layers.values()].filter(({ name }) => next === undefined || name === next);
  return found.flatMap(({ name, className, layer, config }) => {
    const layerPath = [...above, name];
    if (modelClasses.has(className)) return leavesAt(layer, layerPath, rest);
    if (className === "InputLayer") return [];
    const { trained, fixed } = counts({ name, className, config, layer });
    return [
      config["trainable"] === false
        ? { path: layerPath, trained: 0, fixed: trained + fixed }
        : { path: layerPath, trained, fixed },
    ];
  });
}

/** A layer that cannot be exported, with the reason. */
export class LayerError extends Error {
  readonly layer: string;
  readonly className: string;

  constructor({ name, className }: NamedLayer, cause: NotExportedError) {
    super(cause.message, { cause });
    this.layer = name;
    this.className = className;
  }
}

function counts(layer: NamedLayer): WeightCounts {
  try {
    return weightCounts(layer.className, layer.config);
  } catch (thrown) {
    throw thrown instanceof NotExportedError ? new LayerError(layer, thrown) : thrown;
  }
}

/** A layer of a model. */
export interface NamedLayer {
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  /** The layer's whole entry in the file. */
  readonly layer: JsonObject;
}

/** The layers of a model in the order of the file. */
export function layersOf(model: JsonObject): readonly NamedLayer[] {
  const config = model["config"];
  const layers = isObject(config) ? config["layers"] : undefined;
  if (!isList(layers)) throw new NotExportedError("a model has no list of layers");
  return layers.map((layer) => {
    const options = isObject(layer) ? layer["config"] : undefined;
    if (!isObject(layer) || !isObject(options)) throw new NotExportedError("a layer has no config");
    const name = textAt(layer, "name") ?? textAt(options, "name") ?? "";
    return { name, className: textAt(layer, "class_name") ?? "", config: options, layer };
  });
}
