import type { Tensor } from "../../dataplane/tensor.ts";
import type { Encoding, Made, PreprocessingStep } from "../../model/formats/keras/preprocessing/preprocessing.ts";
import { crossed } from "./crossing.ts";
import { encoded } from "./encoding.ts";
import { hashed } from "./hashing.ts";
import { lookedUp } from "./lookup.ts";
import { numbersOf, textsOf } from "./elements.ts";
import { vectorized } from "./text-vectorization.ts";

/** Numbers that a step has made, row-major. */
export interface Indexes {
  readonly shape: readonly number[];
  readonly numbers: ArrayLike<number>;
}

/** What a step is called with: inputs, and what other steps have made. */
export type Given = Tensor | Indexes;

/** A step, ready to be called. Throws `ValuesRefused` for values that it does not take. */
export function preparedStep({ layer, made, encoding }: PreprocessingStep): (given: readonly Given[]) => Indexes {
  const index = indexing(layer, made, encoding);
  return (given) => encoded(index(given), encoding);
}

function indexing(layer: string, made: Made, encoding: Encoding): (given: readonly Given[]) => Indexes {
  switch (made.kind) {
    case "lookup": {
      const look = lookedUp(layer, made);
      return ([given]) => ofEach(given, (value) => textsOf(value).map(look));
    }
    case "text": {
      const vectorize = vectorized(made, lookedUp(layer, made.lookup), encoding.mode === "int");
      return ([given]) => vectorize(textsOf(required(given)), required(given).shape);
    }
    case "hashing": {
      const hash = hashed(made);
      return ([given]) => ofEach(given, (value) => textsOf(value).map(hash));
    }
    case "crossing":
      return (given) => ofEach(given[0], () => crossed(given, made.bins));
    case "discretization":
      return ([given]) => ofEach(given, (value) => numbersOf(value).map((number) => interval(made.boundaries, number)));
  }
}

function required(given: Given | undefined): Given {
  if (given === undefined) throw new TypeError("a step is called without a value");
  return given;
}

function ofEach(given: Given | undefined, numbers: (value: Given) => ArrayLike<number>): Indexes {
  const value = required(given);
  return { shape: value.shape, numbers: numbers(value) };
}

/** How many boundaries a number is at or above. */
function interval(boundaries: readonly number[], number: number): number {
  let [low, high] = [0, boundaries.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (number < (boundaries[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
