import type { JsonValue } from "../../json/value.ts";
import type { Elements } from "./elements.ts";
import { faults } from "../faults.ts";
import { quoted } from "./json-text.ts";

/** The shape that the first element at each level of a nested array implies; `[]` for a value that is no array. */
export function leadingShape(value: JsonValue): readonly number[] {
  const shape: number[] = [];
  let level: JsonValue | undefined = value;
  while (level?.kind === "array") {
    shape.push(level.items.length);
    level = level.items[0];
  }
  return level?.kind === "numbers" ? [...shape, ...level.shape] : shape;
}

/** Adds all elements of a nested array that must have `shape`. Throws TensorFlow Serving's fault at the first mismatch. */
export function addElements(elements: Elements, value: JsonValue, shape: readonly number[], level = 0): void {
  const rank = shape.length;
  if (value.kind === "numbers") {
    const fits = value.shape.length === rank - level && value.shape.every((size, i) => size === shape[level + i]);
    if (!fits || !elements.addPacked(value)) addElements(elements, value.expand(), shape, level);
    return;
  }
  if (value.kind !== "array") {
    if (level !== rank) throw faults.ValueLevel({ json: quoted(value), level: level + 1, rank });
    elements.add(value);
    return;
  }
  if (level >= rank) throw faults.ListLevel({ level, rank });
  const expected = shape[level] ?? 0;
  const size = value.items.length;
  if (size !== expected) throw faults.ListSize({ size, level, expected });
  for (const item of value.items) addElements(elements, item, shape, level + 1);
}
