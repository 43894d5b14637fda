/** A small integer or boolean tensor, such as shapes, axes and counters of a graph, computed without an engine. */
export interface IntegerTensor {
  readonly kind: "integers";
  readonly dtype: "int32" | "bool";
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Most elements of an IntegerTensor. */
export const maxIntegerElements = 64;
