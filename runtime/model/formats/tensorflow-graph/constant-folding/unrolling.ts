import type { Constant, GraphNode, ValueRef } from "../tensorflow-graph.ts";

/** A TensorList whose items are known: the rows of one value, or one value each. */
export type ListItems =
  | { readonly from: "list"; readonly rowsOf: ValueRef }
  | { readonly from: "list"; readonly items: readonly (ValueRef | undefined)[] };

/** What a value is while loops are unrolled: a reference in the new graph, or a list whose items are known. */
export type KnownValue = ValueRef | ListItems;

/** Thrown when a graph cannot be rid of its loops. */
export class NotUnrolledError extends Error {}

/** The graph that is being written. */
export interface Unrolling {
  readonly constants: Constant[];
  readonly nodes: GraphNode[];
  emit(node: GraphNode, inputs: readonly ValueRef[]): (output: number) => ValueRef;
  /** A constant integer. */
  integer(value: number): ValueRef;
}
