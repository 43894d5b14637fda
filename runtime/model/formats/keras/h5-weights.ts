import type { Hdf5Dataset } from "./hdf5/hdf5-dataset.ts";
import { Hdf5Error } from "./hdf5/hdf5-error.ts";
import type { Hdf5File } from "./hdf5/hdf5-file.ts";

/** Datasets of one layer, in Keras' order. */
export interface LayerDatasets {
  /** Names of the nested models around the layer, and the layer's own name. */
  readonly path: readonly string[];
  readonly datasets: readonly Hdf5Dataset[];
}

/** State of a SpectralNormalization, which only training needs. */
const spectralState = /(^|\/)(vector_u|sn_u)(:0)?$/;

/** The weights of a Keras `.h5` by layer, found by the attributes `layer_names` and `weight_names`. */
export function h5Weights(file: Hdf5File): readonly LayerDatasets[] {
  const root = file.isGroup("/model_weights") ? "/model_weights" : "/";
  return namesIn(file, root, "layer_names").map((layer) => {
    const group = joined(root, layer);
    if (!file.isGroup(group)) throw new Hdf5Error(group, "the group of this layer is missing");
    const names = namesIn(file, group, "weight_names").filter((name) => !spectralState.test(name));
    return { path: [layer], datasets: names.map((name) => file.dataset(joined(group, name))) };
  });
}

/** Reads a list attribute; above 64 KiB it is split into `layer_names0`, `layer_names1`, … */
function namesIn(file: Hdf5File, path: string, attribute: string): readonly string[] {
  const whole = file.strings(path, attribute);
  if (whole !== undefined) return whole;
  const parts: string[] = [];
  for (let i = 0; ; i++) {
    const part = file.strings(path, `${attribute}${i}`);
    if (part === undefined) return parts;
    parts.push(...part);
  }
}

function joined(folder: string, name: string): string {
  return folder === "/" ? `/${name}` : `${folder}/${name}`;
}
