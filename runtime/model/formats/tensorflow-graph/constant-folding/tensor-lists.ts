import type { GraphNode, ValueRef } from "../tensorflow-graph.ts";
import { integersOf } from "./constant-integers.ts";
import { type KnownValue, NotUnrolledError, type Unrolling } from "./unrolling.ts";

const maxItems = 4096;

type ListOperation = (unrolling: Unrolling, node: GraphNode, inputs: readonly KnownValue[]) => KnownValue;

const operations: Readonly<Record<string, ListOperation>> = {
  TensorListFromTensor: (_, __, [tensor]) => ({ from: "list", rowsOf: value(tensor) }),
  TensorListReserve: (unrolling, _, [, count]) => {
    const length = integer(unrolling, count);
    if (!(length >= 0 && length <= maxItems)) throw new NotUnrolledError("a list is too long");
    return { from: "list", items: Array.from<undefined>({ length }) };
  },
  TensorListSetItem: (unrolling, _, [list, position, item]) => {
    const at = integer(unrolling, position);
    const items = itemsOf(list);
    if (!(at >= 0 && at < items.length)) throw new NotUnrolledError("a list has no such item");
    return { from: "list", items: items.with(at, value(item)) };
  },
  TensorListGetItem: (unrolling, node, [list, position]) => {
    const at = integer(unrolling, position);
    if (list?.from !== "list" || at < 0) throw new NotUnrolledError("a list has no such item");
    if ("rowsOf" in list) return row(unrolling, node, list.rowsOf, at);
    return list.items[at] ?? unset();
  },
  TensorListStack: (unrolling, node, [list]) => {
    if (list?.from === "list" && "rowsOf" in list) return list.rowsOf;
    const items = itemsOf(list).map((item) => item ?? unset());
    const attributes = new Map([["axis", 0]]);
    return unrolling.emit({ ...node, op: "Pack", attributes }, items)(0);
  },
};

/** TensorList operations that can be replaced when loops are unrolled. */
export const listOperations: ReadonlySet<string> = new Set(Object.keys(operations));

/** The result of one of `listOperations`. Throws a NotUnrolledError. */
export function listOutput(unrolling: Unrolling, node: GraphNode, inputs: readonly KnownValue[]): KnownValue {
  const operation = operations[node.op];
  if (operation === undefined) throw new NotUnrolledError(`${node.op} is not known`);
  return operation(unrolling, node, inputs);
}

function row(unrolling: Unrolling, node: GraphNode, rowsOf: ValueRef, at: number): ValueRef {
  const attributes = new Map([["Tparams", node.attributes.get("element_dtype")]]);
  const gather = { ...node, op: "GatherV2", attributes };
  return unrolling.emit(gather, [rowsOf, unrolling.integer(at), unrolling.integer(0)])(0);
}

function itemsOf(list: KnownValue | undefined): readonly (ValueRef | undefined)[] {
  if (list?.from === "list" && "items" in list) return list.items;
  throw new NotUnrolledError("a list's items are not known");
}

function integer({ constants }: Unrolling, given: KnownValue | undefined): number {
  const known = given?.from === "constant" ? integersOf(constants[given.index])?.data[0] : undefined;
  if (known === undefined) throw new NotUnrolledError("a position is not known");
  return known;
}

function value(given: KnownValue | undefined): ValueRef {
  if (given === undefined || given.from === "list") throw new NotUnrolledError("a list is used as a value");
  return given;
}

function unset(): never {
  throw new NotUnrolledError("an item was never set");
}
