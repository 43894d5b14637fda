import type { StepOptions } from "./step-options.ts";
import { type Refused, refusal } from "./vocabulary.ts";

/** The output shape of a step for these input shapes; -1 stands for any size. */
export function stepShape(
  { indexer, encoding }: StepOptions,
  shapes: readonly (readonly number[])[],
): readonly number[] | Refused {
  const [given = []] = shapes;
  if (indexer.kind === "crossing" && !shapes.every(isColumn))
    return refusal("it is called with more than one value a row");
  if (indexer.kind === "text" && indexer.split !== "none") {
    if (!isColumn(given)) return refusal(`texts of shape [${given.join(",")}] cannot be split`);
    return encoding.mode === "int" ? [given[0] ?? -1, indexer.length ?? -1] : [given[0] ?? -1, encoding.depth];
  }
  return encodedShape(indexer.kind === "text" ? cutShape(given, indexer.length) : given, encoding);
}

function encodedShape(given: readonly number[], { mode, depth }: StepOptions["encoding"]): readonly number[] | Refused {
  switch (mode) {
    case "int":
      return given;
    case "one_hot":
      return [...oneHotRows(given), depth];
    case "multi_hot":
    case "count":
      if (given.length === 2) return [given[0] ?? -1, depth];
      return refusal(`output_mode="${mode}" of ${given.length} dimensions is not supported`);
  }
}

/** The shape before the columns of mode one_hot: a last axis of size 1 is replaced by the columns. */
export function oneHotRows(shape: readonly number[]): readonly number[] {
  return shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
}

function cutShape(given: readonly number[], length: number | undefined): readonly number[] {
  return length === undefined ? given : [...given.slice(0, -1), length];
}

/** Whether there is one value per row. */
function isColumn(shape: readonly number[]): boolean {
  return shape.length === 1 || (shape.length === 2 && shape[1] === 1);
}
