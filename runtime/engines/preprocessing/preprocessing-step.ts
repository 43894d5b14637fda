import type { Tensor } from "../../dataplane/tensor.ts";
import type { Encoding, Indexer, PreprocessingStep } from "../../model/formats/keras/preprocessing/preprocessing.ts";
import { hashedCrossing } from "./hashed-crossing.ts";
import { categoryEncoding } from "./category-encoding.ts";
import { valueHasher } from "./hashing.ts";
import { indexLookup } from "./index-lookup.ts";
import { numberElements, stringElements } from "./input-elements.ts";
import { textVectorizer } from "./text-vectorization.ts";

/** The result of a step: numbers in row-major order. */
export interface StepOutput {
  readonly shape: readonly number[];
  readonly numbers: ArrayLike<number>;
}

/** An argument of a step: a model input, or the result of another step. */
export type StepInput = Tensor | StepOutput;

/** Compiles a step into a function. The function throws `ValuesRefused` for values outside the layer's domain. */
export function compiledStep({
  layer,
  indexer,
  encoding,
}: PreprocessingStep): (given: readonly StepInput[]) => StepOutput {
  const index = indexing(layer, indexer, encoding);
  return (given) => categoryEncoding(index(given), encoding);
}

function indexing(layer: string, indexer: Indexer, encoding: Encoding): (given: readonly StepInput[]) => StepOutput {
  switch (indexer.kind) {
    case "lookup": {
      const lookup = indexLookup(layer, indexer);
      return ([given]) => elementwise(given, (value) => stringElements(value).map(lookup));
    }
    case "text": {
      const vectorize = textVectorizer(indexer, indexLookup(layer, indexer.lookup), encoding.mode === "int");
      return ([given]) => vectorize(stringElements(required(given)), required(given).shape);
    }
    case "hashing": {
      const hash = valueHasher(indexer);
      return ([given]) => elementwise(given, (value) => stringElements(value).map(hash));
    }
    case "crossing":
      return (given) => elementwise(given[0], () => hashedCrossing(given, indexer.bins));
    case "discretization":
      return ([given]) =>
        elementwise(given, (value) => numberElements(value).map((number) => bucketIndex(indexer.boundaries, number)));
  }
}

function required(given: StepInput | undefined): StepInput {
  if (given === undefined) throw new TypeError("a step is called without a value");
  return given;
}

function elementwise(given: StepInput | undefined, numbers: (value: StepInput) => ArrayLike<number>): StepOutput {
  const value = required(given);
  return { shape: value.shape, numbers: numbers(value) };
}

/** Number of boundaries that are less than or equal to the number, by binary search. */
function bucketIndex(boundaries: readonly number[], number: number): number {
  let [low, high] = [0, boundaries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (number < (boundaries[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
