/** A few integers or truths: the shapes, axes and counters of a graph, which need no engine to be computed. */
export interface Numbers {
  readonly kind: "numbers";
  readonly dtype: "int32" | "bool";
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** Longest list that is kept as Numbers. */
export const maxNumbers = 64;
