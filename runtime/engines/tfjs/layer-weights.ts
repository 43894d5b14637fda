import type * as Core from "@tensorflow/tfjs-core";
import type * as Layers from "@tensorflow/tfjs-layers";
import type { LayerWeights, Weight } from "../../model/formats/keras/keras-model.ts";
import { tensorFlowJsFaults as faults } from "./faults.ts";

type Layer = Layers.layers.Layer;
type Variable = Layer["trainableWeights"][number];

/** Assigns the file's weights to the layers. Throws a Fault that names the layer whose weights do not fit. */
export function assignWeights(tf: typeof Core, model: Layers.LayersModel, weights: readonly LayerWeights[]): void {
  const missing = new Set(model.layers.filter((layer) => variablesOf(layer).length > 0).map(({ name }) => name));
  for (const { path, tensors } of weights) {
    const layer = layerAt(model, path);
    const name = path.join("/");
    if (layer === undefined && tensors.length === 0) continue;
    if (layer === undefined) throw faults.LayerMissing({ layer: name });
    missing.delete(path[0] ?? "");
    assign(tf, name, variablesOf(layer), tensors);
  }
  if (missing.size > 0) throw faults.WeightsMissing({ layers: [...missing] });
}

function assign(tf: typeof Core, layer: string, variables: readonly Variable[], weights: readonly Weight[]): void {
  if (variables.length !== weights.length) {
    throw faults.WeightCountMismatch({ layer, expected: variables.length, found: weights.length });
  }
  for (const [i, variable] of variables.entries()) {
    const weight = weights[i];
    if (weight === undefined) continue;
    const expected = variable.shape.map((size) => size ?? -1);
    const { shape, data, name } = weight;
    const fits = shape.length === expected.length && shape.every((size, axis) => size === expected[axis]);
    if (!fits) throw faults.WeightShapeMismatch({ weight: name, layer, shape, expected });
    const value = tf.tensor(data, [...shape], "float32");
    try {
      variable.write(value);
    } finally {
      value.dispose();
    }
  }
}

function layerAt(model: Layers.LayersModel, path: readonly string[]): Layer | undefined {
  let at: { readonly layers?: readonly Layer[] } | undefined = model;
  let found: Layer | undefined;
  for (const name of path) {
    found = at?.layers?.find((layer) => layer.name === name);
    at = found === undefined ? undefined : innerModel(found);
  }
  return found;
}

/**
 * A layer's variables in Keras' order: the trained ones of all inner layers, then the others. A frozen layer's
 * variables keep their order among the others.
 */
function variablesOf(layer: Layer): readonly Variable[] {
  const leaves = leavesOf(layer);
  return [...leaves.flatMap((leaf) => leaf.trainableWeights), ...leaves.flatMap((leaf) => leaf.nonTrainableWeights)];
}

function leavesOf(layer: Layer): readonly Layer[] {
  const inner = innerModel(layer).layers;
  return inner === undefined ? [layer] : inner.flatMap(leavesOf);
}

/** A nested model, which is a layer with layers. */
function innerModel(layer: Layer): { readonly layers?: readonly Layer[] } {
  return "layers" in layer && Array.isArray(layer.layers) ? { layers: layer.layers } : {};
}
