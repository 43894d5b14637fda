import type { Dtype } from "../../../../dataplane/tensor.ts";

/**
 * The preprocessing layers of a Keras model, which turn strings and numbers at its inputs into indexes. Engines do not support strings
 * like Keras does, so these layers run outside the engine. Plain data, which can be sent to other threads.
 */
export interface Preprocessing {
  /** The inputs that clients send; they are values 0, 1, … */
  readonly inputs: readonly { readonly name: string; readonly dtype: Dtype; readonly shape: readonly number[] }[];
  /** In topological order; each makes one value, numbered after the inputs. */
  readonly steps: readonly PreprocessingStep[];
  /** The number of the value that feeds each input of the engine's model. */
  readonly feeds: readonly number[];
}

/** One call of a layer. */
export interface PreprocessingStep {
  /** The layer's name, for messages. */
  readonly layer: string;
  /** Numbers of its input values. */
  readonly inputs: readonly number[];
  readonly indexer: Indexer;
  readonly encoding: Encoding;
}

/** How a layer maps each element to an index. */
export type Indexer = Lookup | TextVectorization | Hashing | Crossing | Discretization;

/** Maps a word to its position in a vocabulary. */
export interface Lookup {
  readonly kind: "lookup";
  /** UTF-8 bytes as latin1 characters; numbers are in decimal. */
  readonly words: readonly string[];
  /** Index of the first word. */
  readonly firstWordIndex: number;
  /** The mask token and its index: 0, or -1 where indexes are counted. */
  readonly mask?: { readonly word: string; readonly index: number };
  /** Out-of-vocabulary words share these indexes by `method`; `count` 0: such words are refused. */
  readonly oov: { readonly first: number; readonly count: number } & Buckets;
}

/** How values are distributed to buckets: by a hash of the text (FarmHash or SipHash) or the remainder of a number. */
export interface Buckets {
  readonly method: "remainder" | "farm" | "sip";
  /** The SipHash key, in decimal. */
  readonly key?: readonly [first: string, second: string];
}

/** Splits texts into words and looks them up. */
export interface TextVectorization {
  readonly kind: "text";
  readonly isLowered: boolean;
  readonly isStripped: boolean;
  readonly split: "whitespace" | "character" | "none";
  /** Sizes of n-grams. */
  readonly ngrams?: readonly number[];
  /** Rows are cut or padded with 0 to this length; absent: to the longest row. */
  readonly length?: number;
  readonly lookup: Lookup;
}

/** Maps texts and numbers to bins by hash. */
export interface Hashing extends Buckets {
  readonly kind: "hashing";
  readonly bins: number;
  /** The mask token, whose index is 0; bins then begin at 1. */
  readonly mask?: string;
}

/** Maps a combination of texts and numbers to a bin by hash. */
export interface Crossing {
  readonly kind: "crossing";
  readonly bins: number;
}

/** Maps numbers to intervals; a boundary belongs to the interval above it. */
export interface Discretization {
  readonly kind: "discretization";
  readonly boundaries: readonly number[];
}

/** How indexes are encoded: as they are, or as rows with one column per index. */
export interface Encoding {
  readonly mode: "int" | "one_hot" | "multi_hot" | "count";
  readonly depth: number;
  /** Factor of each column. */
  readonly weights?: readonly number[];
}
