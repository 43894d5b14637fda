import { preprocessingFaults as faults } from "./faults.ts";
import type { Lookup } from "../../model/formats/keras/preprocessing/preprocessing.ts";
import { bucketHasher } from "./hashing.ts";

/**
 * Keras' IndexLookup: returns a function from a word to its index. It throws `ValuesRefused` for a word outside the
 * vocabulary if there are no out-of-vocabulary buckets. keras/src/layers/preprocessing/index_lookup.py,
 * `_lookup_dense`.
 */
export function indexLookup(layer: string, { words, firstWordIndex, mask, oov }: Lookup): (word: string) => number {
  const known = new Map(words.map((word, i) => [word, firstWordIndex + i]));
  if (mask !== undefined) known.set(mask.word, mask.index);
  const bucket = bucketHasher(oov, oov.count);
  return (word) => {
    const index = known.get(word);
    if (index !== undefined) return index;
    if (oov.count > 0) return oov.first + bucket(word);
    const shown = JSON.stringify(Buffer.from(word.slice(0, 100), "latin1").toString("utf8"));
    throw faults.ValuesRefused({
      reason: `layer "${layer}" does not know ${shown}; it takes words of its vocabulary only`,
    });
  };
}
