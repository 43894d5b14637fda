import { groupNames, type WeightGroups } from "../archive-weights.ts";
import { isList, isObject, type Json, type JsonObject, textAt } from "../topology/json-config.ts";
import { modelClasses } from "../topology/layer-support.ts";

/** The files and datasets of a `.keras` archive beside its description. */
export interface StoredState {
  /** The text of a file; `undefined` when it is missing. */
  text(path: string): string | undefined;
  /** The numbers of a dataset; `undefined` when it is missing. */
  numbers(path: string): readonly number[] | undefined;
}

/** Layers that can learn a vocabulary. */
const learningClasses: ReadonlySet<string> = new Set(["StringLookup", "IntegerLookup", "TextVectorization"]);

/**
 * Adds to the description the vocabularies that layers learned from data, which are stored in files of their own
 * (keras/src/layers/preprocessing/index_lookup.py, `save_assets`).
 */
export function withStoredVocabularies(model: JsonObject, stored: StoredState, group = ""): JsonObject {
  const { config } = model;
  const listed = isObject(config) ? config["layers"] : config;
  if (!isList(listed)) return model;
  const layers = listed.filter((layer) => isObject(layer));
  const groups = groupNames(layers);
  const completed = layers.map((layer, i): JsonObject => {
    const inner = `${group}/layers/${groups[i]}`;
    const className = textAt(layer, "class_name") ?? "";
    if (modelClasses.has(className)) return withStoredVocabularies(layer, stored, inner);
    return learningClasses.has(className) ? withVocabulary(layer, stored, inner) : layer;
  });
  return { ...model, config: isObject(config) ? { ...config, layers: completed } : completed };
}

function withVocabulary(layer: JsonObject, stored: StoredState, group: string): JsonObject {
  const { config } = layer;
  if (!isObject(config) || (config["vocabulary"] ?? null) !== null) return layer;
  const text = stored.text(`assets${group}/vocabulary.txt`);
  if (text === undefined) return layer;
  const weights = config["output_mode"] === "tf_idf" ? stored.numbers(`${group}/vars/idf_weights`) : undefined;
  const idf: Record<string, Json> = weights === undefined ? {} : { idf_weights: weights };
  return { ...layer, config: { ...config, vocabulary: lines(text), ...idf } };
}

/** Splits lines like Python's `splitlines`, without trailing empty lines. */
function lines(text: string): readonly string[] {
  const all = text.replaceAll("\r\n", "\n").split(lineEnd);
  while (all.at(-1) === "") all.pop();
  return all;
}

const lineEnd = new RegExp(`[${String.fromCodePoint(0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029)}]`);

/** The numbers of a dataset in a weight file; `undefined` when it is missing. */
export function datasetNumbers(
  file: WeightGroups<{ readonly floats: () => Float32Array }>,
  path: string,
): readonly number[] | undefined {
  const at = path.lastIndexOf("/");
  const exists = file.childNames(path.slice(0, at)).includes(path.slice(at + 1));
  return exists ? Array.from(file.dataset(path).floats()) : undefined;
}
