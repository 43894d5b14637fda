import type { Dtype } from "../../../../dataplane/tensor.ts";

/**
 * What comes before a Keras model that only takes numbers: layers that stand right behind its inputs and make numbers of texts,
 * keys and measures. No engine has texts as Keras has them: these layers are run beside it. Plain data: it moves between threads.
 */
export interface Preprocessing {
  /** What clients send; values 0 and on. */
  readonly inputs: readonly { readonly name: string; readonly dtype: Dtype; readonly shape: readonly number[] }[];
  /** In an order in which they can be run; each makes one value, numbered after the inputs. */
  readonly steps: readonly PreprocessingStep[];
  /** Which value each input of the model behind it takes. */
  readonly feeds: readonly number[];
}

/** One call of a layer. */
export interface PreprocessingStep {
  /** The layer's name, for messages. */
  readonly layer: string;
  /** Numbers of the values that it is called with. */
  readonly takes: readonly number[];
  readonly made: Made;
  readonly encoding: Encoding;
}

/** How a layer makes an index of each element. */
export type Made = Lookup | TextVectorization | Hashing | Crossing | Discretization;

/** Words of a vocabulary by their place in it. */
export interface Lookup {
  readonly kind: "lookup";
  /** UTF-8, each byte as one character; numbers are in decimal. */
  readonly words: readonly string[];
  /** Index of the first word. */
  readonly firstWord: number;
  /** What stands for nothing: index 0, or no index where indexes are counted. */
  readonly mask?: { readonly word: string; readonly index: number };
  /** Other words share these indexes by `method`; `count` 0: there must be none. */
  readonly others: { readonly first: number; readonly count: number } & Buckets;
}

/** How an index is found for what is in no vocabulary: by a hash of its text, or the remainder of a number. */
export interface Buckets {
  readonly method: "remainder" | "farm" | "sip";
  /** In decimal. */
  readonly key?: readonly [first: string, second: string];
}

/** Words of texts. */
export interface TextVectorization {
  readonly kind: "text";
  readonly isLowered: boolean;
  readonly isStripped: boolean;
  readonly split: "whitespace" | "character" | "none";
  /** How many neighbouring words stand together. */
  readonly ngrams?: readonly number[];
  /** Rows are cut or filled with 0 to this length; absent: to the longest. */
  readonly length?: number;
  readonly lookup: Lookup;
}

/** Texts and numbers by their hash. */
export interface Hashing extends Buckets {
  readonly kind: "hashing";
  readonly bins: number;
  /** Its index is 0, and those of others begin behind. */
  readonly mask?: string;
}

/** Several texts and numbers by the hash of them all. */
export interface Crossing {
  readonly kind: "crossing";
  readonly bins: number;
}

/** Numbers by the boundaries that they are at or above. */
export interface Discretization {
  readonly kind: "discretization";
  readonly boundaries: readonly number[];
}

/** What becomes of indexes: themselves, or rows of as many columns as there are indexes. */
export interface Encoding {
  readonly mode: "int" | "one_hot" | "multi_hot" | "count";
  readonly depth: number;
  /** Factor of each column. */
  readonly weights?: readonly number[];
}
