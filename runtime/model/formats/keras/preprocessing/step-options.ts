import { isList, isObject, type Json, type JsonObject } from "../topology/json-config.ts";
import type { Encoding, Indexer } from "./preprocessing.ts";
import { bucketsOf, latin1OfUtf8, lookupOf, type Refused, refusal, vocabularyOf, wordOf } from "./vocabulary.ts";

/** The options of a preprocessing step. */
export interface StepOptions {
  readonly indexer: Indexer;
  readonly encoding: Encoding;
}

type Reader = (config: JsonObject) => StepOptions | Refused;

/** Readers of options by layer class. */
const readers: Readonly<Record<string, Reader>> = {
  StringLookup: (config) => lookupStep(config, false),
  IntegerLookup: (config) => lookupStep(config, true),
  TextVectorization: textStep,
  Hashing: hashingStep,
  HashedCrossing: crossingStep,
  Discretization: discretizationStep,
};

/** Classes of preprocessing layers. */
export const preprocessingClasses: ReadonlySet<string> = new Set(Object.keys(readers));

/** The options of a layer of one of `preprocessingClasses`, or why it is refused. */
export function stepOptions(className: string, config: JsonObject): StepOptions | Refused {
  return readers[className]?.(config) ?? refusal("its class is not known");
}

const modes: ReadonlySet<unknown> = new Set(["int", "one_hot", "multi_hot", "count"]);

function encodingOf(config: JsonObject, depth: number): Encoding | Refused {
  const mode = config["output_mode"] ?? "int";
  if (!modes.has(mode)) return refusal(`output_mode=${JSON.stringify(mode)} is not supported`);
  return { mode: mode as Encoding["mode"], depth }; // one of `modes`
}

function withEncoding(indexer: Indexer, encoding: Encoding | Refused): StepOptions | Refused {
  return "reason" in encoding ? encoding : { indexer, encoding };
}

function lookupStep(config: JsonObject, isInteger: boolean): StepOptions | Refused {
  if (config["invert"] === true) return refusal("invert=true is not supported");
  const vocabulary = vocabularyOf(config, isInteger);
  if ("reason" in vocabulary) return vocabulary;
  const lookup = lookupOf(config, vocabulary, isInteger);
  const depth = config["pad_to_max_tokens"] === true ? Number(config["max_tokens"]) : vocabulary.size;
  if (config["output_mode"] !== "tf_idf") return withEncoding(lookup, encodingOf(config, depth));
  if (vocabulary.weights === undefined) return refusal("the weights of its vocabulary are not in the file");
  return { indexer: lookup, encoding: { mode: "count", depth, weights: vocabulary.weights } };
}

const standards: ReadonlyMap<Json, { readonly isLowered: boolean; readonly isStripped: boolean }> = new Map([
  ["lower_and_strip_punctuation", { isLowered: true, isStripped: true }],
  ["lower", { isLowered: true, isStripped: false }],
  ["strip_punctuation", { isLowered: false, isStripped: true }],
  [null, { isLowered: false, isStripped: false }],
]);
const splits: ReadonlyMap<Json, "whitespace" | "character" | "none"> = new Map([
  ["whitespace", "whitespace"],
  ["character", "character"],
  [null, "none"],
]);

/** TextVectorization contains a StringLookup with other defaults. */
function textStep(config: JsonObject): StepOptions | Refused {
  const { standardize = "lower_and_strip_punctuation", split = "whitespace", output_mode: mode = "int" } = config;
  const [standard, splitting] = [standards.get(standardize), splits.get(split)];
  if (standard === undefined) return refusal(`standardize is ${functionName(standardize)}, which is Python code`);
  if (splitting === undefined) return refusal(`split is ${functionName(split)}, which is Python code`);
  const inner = lookupStep({ ...config, num_oov_indices: 1, mask_token: "", oov_token: "[UNK]" }, false);
  if ("reason" in inner || inner.indexer.kind !== "lookup") return inner;
  const ngrams = ngramsOf(config["ngrams"] ?? null);
  const length = mode === "int" ? config["output_sequence_length"] : undefined;
  const indexer: Indexer = {
    kind: "text",
    ...standard,
    split: splitting,
    ...(ngrams === undefined ? {} : { ngrams }),
    ...(typeof length === "number" ? { length } : {}),
    lookup: inner.indexer,
  };
  return { indexer, encoding: inner.encoding };
}

function functionName(value: Json): string {
  if (!isObject(value)) return JSON.stringify(value);
  const { registered_name: name, config } = value;
  return typeof name === "string" ? name : typeof config === "string" ? config : "a lambda";
}

function ngramsOf(value: Json): readonly number[] | undefined {
  if (isList(value)) return value.map(Number);
  return typeof value === "number" ? Array.from({ length: value }, (_, i) => i + 1) : undefined;
}

function hashingStep(config: JsonObject): StepOptions | Refused {
  const { num_bins: bins, mask_value: mask = null } = config;
  if (typeof bins !== "number") return refusal(`num_bins=${JSON.stringify(bins)} is not a number`);
  const isMasked = mask !== null && bins > 1;
  const indexer: Indexer = {
    kind: "hashing",
    bins,
    ...(isMasked ? { mask: latin1OfUtf8(wordOf(mask)) } : {}),
    ...bucketsOf(config["salt"] ?? null),
  };
  return withEncoding(indexer, encodingOf(config, bins));
}

function crossingStep(config: JsonObject): StepOptions | Refused {
  const { num_bins: bins } = config;
  if (typeof bins !== "number") return refusal(`num_bins=${JSON.stringify(bins)} is not a number`);
  return withEncoding({ kind: "crossing", bins }, encodingOf(config, bins));
}

function discretizationStep(config: JsonObject): StepOptions | Refused {
  const { bin_boundaries: given } = config;
  if (!isList(given)) return refusal("it has no boundaries: it was neither given any nor adapted to data");
  const boundaries = given.map((value) => Math.fround(Number(value)));
  return withEncoding({ kind: "discretization", boundaries }, encodingOf(config, boundaries.length + 1));
}
