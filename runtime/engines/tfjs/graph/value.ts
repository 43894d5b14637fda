import type * as Core from "@tensorflow/tfjs-core";
import type { Numbers } from "../../../model/formats/tensorflow-graph/numbers/numbers.ts";

/** Texts, which TensorFlow.js does not compute with: they stay outside its memory. */
export interface Strings {
  readonly kind: "strings";
  readonly shape: readonly number[];
  readonly data: readonly Uint8Array[];
}

/** A TensorList: owns its items. A list that is used for the last time is changed in place. */
export interface TensorList {
  readonly kind: "list";
  readonly items: (Core.Tensor | undefined)[];
  readonly elementShape: readonly number[] | undefined;
  readonly dtype: Core.DataType;
}

/** What flows between the steps of a program. */
export type Value = Core.Tensor | Numbers | Strings | TensorList;

/** Whether it is a tensor in TensorFlow.js' memory. */
export function isTensor(value: Value): value is Core.Tensor {
  return !("kind" in value);
}

/** Another holder of the same value: the memory is shared until both are disposed. */
export function shared(value: Value): Value {
  if (isTensor(value)) return value.clone();
  if (value.kind !== "list") return value;
  return { ...value, items: value.items.map((item) => item?.clone()) };
}

/** Frees the memory that this holder keeps. */
export function release(value: Value): void {
  if (isTensor(value)) value.dispose();
  else if (value.kind === "list") for (const item of value.items) item?.dispose();
}

/** All tensors that the value holds. */
export function tensorsOf(value: Value): readonly Core.Tensor[] {
  if (isTensor(value)) return [value];
  return value.kind === "list" ? value.items.filter((item) => item !== undefined) : [];
}
