import type * as Core from "@tensorflow/tfjs-core";
import type { IntegerTensor } from "../../../model/formats/tensorflow-graph/constant-folding/integer-tensor.ts";

/** A string tensor, which stays outside TensorFlow.js' memory. */
export interface Strings {
  readonly kind: "strings";
  readonly shape: readonly number[];
  readonly data: readonly Uint8Array[];
}

/** A TensorList; owns its items. It is modified in place by the step that uses it last. */
export interface TensorList {
  readonly kind: "list";
  readonly items: (Core.Tensor | undefined)[];
  readonly elementShape: readonly number[] | undefined;
  readonly dtype: Core.DataType;
}

/** A value passed between the steps of a program. */
export type Value = Core.Tensor | IntegerTensor | Strings | TensorList;

/** Whether the value is a tensor in TensorFlow.js' memory. */
export function isTensor(value: Value): value is Core.Tensor {
  return !("kind" in value);
}

/** Another reference to the same value: the memory is shared until both are released. */
export function shared(value: Value): Value {
  if (isTensor(value)) return value.clone();
  if (value.kind !== "list") return value;
  return { ...value, items: value.items.map((item) => item?.clone()) };
}

/** Releases this reference. */
export function release(value: Value): void {
  if (isTensor(value)) value.dispose();
  else if (value.kind === "list") for (const item of value.items) item?.dispose();
}

/** All tensors of the value. */
export function tensorsOf(value: Value): readonly Core.Tensor[] {
  if (isTensor(value)) return [value];
  return value.kind === "list" ? value.items.filter((item) => item !== undefined) : [];
}
