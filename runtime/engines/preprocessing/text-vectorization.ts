import type { TextVectorization } from "../../model/formats/keras/preprocessing/preprocessing.ts";
import { latin1OfUtf8 } from "../../model/formats/keras/preprocessing/vocabulary.ts";
import type { StepOutput } from "./preprocessing-step.ts";

/** ASCII punctuation that keras/src/layers/preprocessing/text_vectorization.py strips. */
const punctuation = /[!"#$%&()*+,\-./:;<=>?@[\\\]^_`{|}~']/g;
/** The whitespace of C's `isspace`. */
const spaces = /[ \t\n\v\f\r]+/;

/**
 * Keras' TextVectorization: standardizes, splits and looks up texts. Texts are UTF-8 with each byte as one character;
 * rows are padded with 0, or with -1 if indexes are counted afterwards.
 * keras/src/layers/preprocessing/text_vectorization.py, `call`.
 */
export function textVectorizer(
  options: TextVectorization,
  lookup: (word: string) => number,
  isInt: boolean,
): (texts: readonly string[], shape: readonly number[]) => StepOutput {
  return (texts, shape) => {
    const rows = rowsOf(
      options,
      texts.map((text) => standardized(options, text)),
      shape,
    );
    const words = rows.map((row) => (options.ngrams === undefined ? row : ngramsOf(row, options.ngrams)));
    const longest = words.reduce((most, { length }) => Math.max(most, length), 0);
    const length = options.length ?? longest;
    const numbers = new Int32Array(words.length * length).fill(isInt ? 0 : -1);
    for (const [i, row] of words.entries()) numbers.set(row.slice(0, length).map(lookup), i * length);
    return { shape: [...rowShape(options, shape), length], numbers };
  };
}

/** Lowers ASCII letters only, as TensorFlow's `strings.lower` does without an encoding. */
function standardized({ isLowered, isStripped }: TextVectorization, text: string): string {
  const lowered = isLowered ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
  return isStripped ? lowered.replace(punctuation, "") : lowered;
}

function rowsOf(
  { split }: TextVectorization,
  texts: readonly string[],
  shape: readonly number[],
): readonly (readonly string[])[] {
  if (split === "whitespace") return texts.map((text) => text.split(spaces).filter((word) => word !== ""));
  if (split === "character") return texts.map(characters);
  const length = shape.at(-1) ?? 1;
  const count = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  return Array.from({ length: count }, (_, row) => texts.slice(row * length, (row + 1) * length));
}

function rowShape({ split }: TextVectorization, shape: readonly number[]): readonly number[] {
  return split === "none" ? shape.slice(0, -1) : shape.slice(0, 1);
}

function characters(text: string): readonly string[] {
  return Array.from(Buffer.from(text, "latin1").toString("utf8"), latin1OfUtf8);
}

/** All n-grams of each length in turn. */
function ngramsOf(words: readonly string[], lengths: readonly number[]): readonly string[] {
  return lengths.flatMap((length) =>
    Array.from({ length: Math.max(words.length - length + 1, 0) }, (_, i) => words.slice(i, i + length).join(" ")),
  );
}
