import { isList, type Json, type JsonObject } from "../topology/json-config.ts";
import type { Buckets, Lookup } from "./preprocessing.ts";

/** Why a layer is refused. */
export interface Refused {
  readonly reason: string;
}

export function refusal(reason: string): Refused {
  return { reason };
}

/** The words of a lookup, without the mask token and the out-of-vocabulary tokens. */
export interface Vocabulary {
  readonly words: readonly string[];
  readonly firstWordIndex: number;
  /** The number of indexes. */
  readonly size: number;
  /** The weight of each index, for `tf_idf`. */
  readonly weights?: readonly number[];
}

/** The vocabulary of a lookup layer. See keras/src/layers/preprocessing/index_lookup.py, `set_vocabulary`. */
export function vocabularyOf(config: JsonObject, isInteger: boolean): Vocabulary | Refused {
  const { vocabulary: given = null } = config;
  if (typeof given === "string") return refusal(`its vocabulary is in another file, ${JSON.stringify(given)}`);
  if (!isList(given)) {
    return refusal("its vocabulary is not in the file: an .h5 holds none that was adapted to data; save it as .keras");
  }
  const listed = given.map(wordOf);
  const firstWordIndex = firstOovIndex(config) + oovCount(config);
  const oov = Array.from({ length: oovCount(config) }, () => wordOf(config["oov_token"] ?? (isInteger ? -1 : "[UNK]")));
  const special = [...(firstOovIndex(config) === 1 ? [maskWord(config)] : []), ...oov];
  const hasSpecial = special.every((word, i) => listed[i] === word) && listed.length >= firstWordIndex;
  const words = (hasSpecial ? listed.slice(firstWordIndex) : listed).map(latin1OfUtf8);
  const vocabulary = { words, firstWordIndex, size: firstWordIndex + words.length };
  const { idf_weights: idf } = config;
  return isList(idf)
    ? { ...vocabulary, weights: idfWeights(config, idf.map(Number), hasSpecial ? 0 : firstWordIndex) }
    : vocabulary;
}

/** Special tokens without a weight get the average weight; padding indexes get 0. */
function idfWeights(config: JsonObject, given: readonly number[], before: number): readonly number[] {
  const average = given.reduce((sum, weight) => sum + weight, 0) / given.length;
  const weights = [...Array.from({ length: before }, () => average), ...given];
  const { pad_to_max_tokens: isPadded, max_tokens: columns } = config;
  if (isPadded !== true || typeof columns !== "number") return weights;
  return [...weights, ...Array.from({ length: Math.max(columns - weights.length, 0) }, () => 0)];
}

/** The lookup of a vocabulary. */
export function lookupOf(config: JsonObject, { words, firstWordIndex }: Vocabulary, isInteger: boolean): Lookup {
  const oov = { first: firstOovIndex(config), count: oovCount(config), ...bucketsFor(config, isInteger) };
  if ((config["mask_token"] ?? null) === null) return { kind: "lookup", words, firstWordIndex, oov };
  const mask = { word: latin1OfUtf8(maskWord(config)), index: config["output_mode"] === "int" ? 0 : notCounted };
  return { kind: "lookup", words, firstWordIndex, mask, oov };
}

/** An index without a column. */
const notCounted = -1;

function bucketsFor(config: JsonObject, isInteger: boolean): Buckets {
  const isRemainder = isInteger && config["oov_method"] !== "farmhash";
  return isRemainder ? { method: "remainder" } : bucketsOf(config["salt"] ?? null);
}

/** FarmHash without a salt; SipHash with one, so that collisions cannot be predicted. */
export function bucketsOf(salt: Json): Buckets {
  if (salt === null) return { method: "farm" };
  const [first = null, second = first] = isList(salt) ? salt : [salt];
  return { method: "sip", key: [wordOf(first), wordOf(second)] };
}

/** The first out-of-vocabulary index: 1 after a mask token, which has an index only in mode int. */
function firstOovIndex(config: JsonObject): number {
  return (config["mask_token"] ?? null) !== null && (config["output_mode"] ?? "int") === "int" ? 1 : 0;
}

function oovCount(config: JsonObject): number {
  const count = config["num_oov_indices"] ?? 1;
  return typeof count === "number" ? count : 1;
}

function maskWord(config: JsonObject): string {
  return wordOf(config["mask_token"] ?? "");
}

/** A text as it is, a number in decimal. */
export function wordOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** UTF-8 bytes as latin1 characters, the form in which clients' texts are compared. */
export function latin1OfUtf8(text: string): string {
  return Buffer.from(text).toString("latin1");
}
