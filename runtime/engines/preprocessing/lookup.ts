import { preprocessingFaults as faults } from "./faults.ts";
import type { Lookup } from "../../model/formats/keras/preprocessing/preprocessing.ts";
import { bucketing } from "./hashing.ts";

/** keras/src/layers/preprocessing/index_lookup.py, `_lookup_dense`. Throws `ValuesRefused` for words that must be known. */
export function lookedUp(layer: string, { words, firstWord, mask, others }: Lookup): (word: string) => number {
  const known = new Map(words.map((word, i) => [word, firstWord + i]));
  if (mask !== undefined) known.set(mask.word, mask.index);
  const bucket = bucketing(others, others.count);
  return (word) => {
    const index = known.get(word);
    if (index !== undefined) return index;
    if (others.count > 0) return others.first + bucket(word);
    const shown = JSON.stringify(Buffer.from(word.slice(0, 100), "latin1").toString("utf8"));
    throw faults.ValuesRefused({
      reason: `layer "${layer}" does not know ${shown}; it takes words of its vocabulary only`,
    });
  };
}
