import { numbered, type WeightGroups } from "../archive-weights.ts";
import { isList, isObject, type Json, type JsonObject, textAt } from "../topology/json-config.ts";
import { modelClasses } from "../topology/layer-support.ts";

/** What a `.keras` archive holds beside its description. */
export interface StoredState {
  /** The text of a file; `undefined`: there is none. */
  text(path: string): string | undefined;
  /** The numbers of a dataset; `undefined`: there is none. */
  numbers(path: string): readonly number[] | undefined;
}

/** Layers that learn a vocabulary. */
const learning: ReadonlySet<string> = new Set(["StringLookup", "IntegerLookup", "TextVectorization"]);

/**
 * The description with the vocabularies that its layers learned of data: of those it says nothing, they are files of their own
 * (keras/src/layers/preprocessing/index_lookup.py, `save_assets`).
 */
export function withStoredVocabularies(model: JsonObject, stored: StoredState, group = ""): JsonObject {
  const { config } = model;
  const listed = isObject(config) ? config["layers"] : config;
  if (!isList(listed)) return model;
  const layers = listed.filter((layer) => isObject(layer));
  const groups = numbered(layers);
  const completed = layers.map((layer, i): JsonObject => {
    const inner = `${group}/layers/${groups[i]}`;
    const className = textAt(layer, "class_name") ?? "";
    if (modelClasses.has(className)) return withStoredVocabularies(layer, stored, inner);
    return learning.has(className) ? withVocabulary(layer, stored, inner) : layer;
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

/** As Python's `splitlines` has it, without empty ones at the end. */
function lines(text: string): readonly string[] {
  const all = text.replaceAll("\r\n", "\n").split(lineEnd);
  while (all.at(-1) === "") all.pop();
  return all;
}

const lineEnd = new RegExp(`[${String.fromCodePoint(0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029)}]`);

/** The datasets of a file of weights, as far as layers that learn look at them. */
export function datasetNumbers(
  file: WeightGroups<{ readonly floats: () => Float32Array }>,
  path: string,
): readonly number[] | undefined {
  const at = path.lastIndexOf("/");
  const exists = file.childNames(path.slice(0, at)).includes(path.slice(at + 1));
  return exists ? Array.from(file.dataset(path).floats()) : undefined;
}
