import { isList, type Json, type JsonObject } from "../topology/json-config.ts";
import type { Buckets, Lookup } from "./preprocessing.ts";

/** Why a layer is refused. */
export interface Refused {
  readonly reason: string;
}

export function refusal(reason: string): Refused {
  return { reason };
}

/** The words of a lookup, without those for nothing and for others. */
export interface Vocabulary {
  readonly words: readonly string[];
  readonly firstWord: number;
  /** How many indexes there are. */
  readonly size: number;
  /** Of each index, for `tf_idf`. */
  readonly weights?: readonly number[];
}

/** keras/src/layers/preprocessing/index_lookup.py, `set_vocabulary`. */
export function vocabularyOf(config: JsonObject, isInteger: boolean): Vocabulary | Refused {
  const { vocabulary: given = null } = config;
  if (typeof given === "string") return refusal(`its vocabulary is in another file, ${JSON.stringify(given)}`);
  if (!isList(given)) {
    return refusal("its vocabulary is not in the file: an .h5 holds none that was adapted to data; save it as .keras");
  }
  const listed = given.map(wordOf);
  const firstWord = firstOther(config) + otherCount(config);
  const others = Array.from({ length: otherCount(config) }, () =>
    wordOf(config["oov_token"] ?? (isInteger ? -1 : "[UNK]")),
  );
  const special = [...(firstOther(config) === 1 ? [maskWord(config)] : []), ...others];
  const hasSpecial = special.every((word, i) => listed[i] === word) && listed.length >= firstWord;
  const words = (hasSpecial ? listed.slice(firstWord) : listed).map(bytewise);
  const vocabulary = { words, firstWord, size: firstWord + words.length };
  const { idf_weights: idf } = config;
  return isList(idf)
    ? { ...vocabulary, weights: weightsOf(config, idf.map(Number), hasSpecial ? 0 : firstWord) }
    : vocabulary;
}

/** Words that have no weight of their own have the average; indexes without a word have none. */
function weightsOf(config: JsonObject, given: readonly number[], before: number): readonly number[] {
  const average = given.reduce((sum, weight) => sum + weight, 0) / given.length;
  const weights = [...Array.from({ length: before }, () => average), ...given];
  const { pad_to_max_tokens: isPadded, max_tokens: columns } = config;
  if (isPadded !== true || typeof columns !== "number") return weights;
  return [...weights, ...Array.from({ length: Math.max(columns - weights.length, 0) }, () => 0)];
}

/** How the words are looked up. */
export function lookupOf(config: JsonObject, { words, firstWord }: Vocabulary, isInteger: boolean): Lookup {
  const others = { first: firstOther(config), count: otherCount(config), ...bucketsFor(config, isInteger) };
  if ((config["mask_token"] ?? null) === null) return { kind: "lookup", words, firstWord, others };
  const mask = { word: bytewise(maskWord(config)), index: config["output_mode"] === "int" ? 0 : notCounted };
  return { kind: "lookup", words, firstWord, mask, others };
}

/** An index that no column is for. */
const notCounted = -1;

function bucketsFor(config: JsonObject, isInteger: boolean): Buckets {
  const isRemainder = isInteger && config["oov_method"] !== "farmhash";
  return isRemainder ? { method: "remainder" } : bucketsOf(config["salt"] ?? null);
}

/** Without a salt everybody can tell which texts share an index. */
export function bucketsOf(salt: Json): Buckets {
  if (salt === null) return { method: "farm" };
  const [first = null, second = first] = isList(salt) ? salt : [salt];
  return { method: "sip", key: [wordOf(first), wordOf(second)] };
}

/** The mask has an index only where indexes are the result. */
function firstOther(config: JsonObject): number {
  return (config["mask_token"] ?? null) !== null && (config["output_mode"] ?? "int") === "int" ? 1 : 0;
}

function otherCount(config: JsonObject): number {
  const count = config["num_oov_indices"] ?? 1;
  return typeof count === "number" ? count : 1;
}

function maskWord(config: JsonObject): string {
  return wordOf(config["mask_token"] ?? "");
}

/** A text, or a number in decimal. */
export function wordOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** UTF-8, each byte as one character: as clients' texts are compared. */
export function bytewise(text: string): string {
  return Buffer.from(text).toString("latin1");
}
