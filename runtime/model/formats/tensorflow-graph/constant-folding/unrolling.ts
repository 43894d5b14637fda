import type { Constant, GraphNode, ValueRef } from "../tensorflow-graph.ts";

/** A TensorList with known items: the rows of one value, or one value per item. */
export type ListItems =
  | { readonly from: "list"; readonly rowsOf: ValueRef }
  | { readonly from: "list"; readonly items: readonly (ValueRef | undefined)[] };

/** A value during unrolling: a reference in the new graph, or a list with known items. */
export type KnownValue = ValueRef | ListItems;

/** Thrown when the loops of a graph cannot be unrolled. */
export class NotUnrolledError extends Error {}

/** The graph under construction. */
export interface Unrolling {
  readonly constants: Constant[];
  readonly nodes: GraphNode[];
  emit(node: GraphNode, inputs: readonly ValueRef[]): (output: number) => ValueRef;
  /** A constant integer. */
  integer(value: number): ValueRef;
}
