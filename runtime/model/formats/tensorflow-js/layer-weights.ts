import { archiveWeights } from "../keras/archive-weights.ts";
import type { LayerWeights, Weight } from "../keras/keras-model.ts";
import { isList, isObject, type JsonObject, textAt } from "../keras/topology/json-config.ts";
import type { ReadableWeights } from "./tensorflow-js-model.ts";
import { WeightError } from "./weight-error.ts";
import type { WeightPlace } from "./weight-manifest.ts";

/**
 * The weights of a layers model by layer. The converter takes over the names of what it converted: `dense/kernel` from an
 * `.h5`, `layers/dense/vars/0` from a `.keras` archive, where groups are numbered by class.
 */
export function layerWeights(model: JsonObject, { manifest, read }: ReadableWeights): readonly LayerWeights[] {
  const weight = (place: WeightPlace): Weight => {
    const { name } = place;
    const { dtype, shape, data } = read(place);
    if (dtype === "string" || dtype === "complex64")
      throw new WeightError(`weight ${JSON.stringify(name)} is of type ${dtype}`);
    return { name, shape, data: Float32Array.from(data, Number) };
  };
  const places = manifest.weights;
  const grouped = places.some(({ name }) => name.startsWith("layers/"))
    ? archiveWeights(placesAsGroups(places), model)
    : byLayerName(places, model);
  return grouped.map(({ path, datasets }) => ({ path, tensors: datasets.map(weight) }));
}

/** The manifest's names as if they were groups and datasets of an archive. */
function placesAsGroups(places: readonly WeightPlace[]): Parameters<typeof archiveWeights<WeightPlace>>[0] {
  const byName = new Map(places.map((place) => [`/${place.name}`, place]));
  return {
    childNames: (group) => [
      ...new Set(
        [...byName.keys()].flatMap((name) =>
          name.startsWith(`${group}/`) ? [name.slice(group.length + 1).split("/")[0] ?? ""] : [],
        ),
      ),
    ],
    dataset: (path) => {
      const place = byName.get(path);
      if (place === undefined) throw new WeightError(`weight ${JSON.stringify(path.slice(1))} is missing`);
      return place;
    },
  };
}

function byLayerName(
  places: readonly WeightPlace[],
  model: JsonObject,
): readonly { readonly path: readonly string[]; readonly datasets: readonly WeightPlace[] }[] {
  const paths = layerPaths(model, []);
  const groups = new Map<string, WeightPlace[]>();
  for (const place of places) {
    const layer = place.name.split("/").find((part) => paths.has(part)) ?? place.name.split("/")[0] ?? "";
    const group = groups.get(layer) ?? [];
    group.push(place);
    groups.set(layer, group);
  }
  return [...groups].map(([layer, datasets]) => ({ path: paths.get(layer) ?? [layer], datasets }));
}

/** Where each layer is: the names of the nested models that lead to it, by its own name. */
function layerPaths(model: JsonObject, path: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const config = model["config"];
  const list = isObject(config) ? config["layers"] : config;
  const found = new Map<string, readonly string[]>();
  for (const layer of isList(list) ? list.filter(isObject) : []) {
    const name = textAt(layer, "name") ?? textAt(layer["config"], "name") ?? "";
    const own = [...path, name];
    const inner = layerPaths(layer, own);
    if (inner.size === 0) found.set(name, own);
    for (const [key, value] of inner) found.set(key, value);
  }
  return found;
}
