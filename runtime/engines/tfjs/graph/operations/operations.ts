import type { Operation } from "../call.ts";
import { convolution } from "./products/convolution.ts";
import { creation } from "./creation.ts";
import { elementwise } from "./elementwise.ts";
import { examples } from "./examples.ts";
import { images } from "./images.ts";
import { lists } from "./lists.ts";
import { matrix } from "./products/matrix.ts";
import { normalization } from "./normalization.ts";
import { onNumbers } from "./on-numbers.ts";
import { pieces } from "./pieces.ts";
import { reductions } from "./reductions.ts";
import { shapes } from "./shapes.ts";

/** Every operation that a graph may use, by TensorFlow's name: nothing else is ever run. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  [
    elementwise,
    matrix,
    convolution,
    normalization,
    shapes,
    pieces,
    reductions,
    creation,
    lists,
    images,
    examples,
  ].flatMap((family) => Object.entries(family).map(([op, operation]) => [op, onNumbers(operation)] as const)),
);
