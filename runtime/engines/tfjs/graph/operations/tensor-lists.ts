import type * as Core from "@tensorflow/tfjs-core";
import {
  boundedShape,
  type Call,
  computedDtype,
  integerAt,
  integersAt,
  listAt,
  type Operations,
  tensorAt,
} from "../operation-call.ts";
import { shared, type TensorList } from "../value.ts";

/** Maximum length of a list; its items are bounded by memory. */
const maxItems = 1_000_000;

/** TensorList operations, in which loops collect their results. */
export const tensorLists: Operations = {
  EmptyTensorList: (call) => list(call, [], elementShape(call, 0)),
  TensorListReserve: (call) => {
    const count = bounded(call, integerAt(call, 1));
    return list(call, Array.from<undefined>({ length: count }), elementShape(call, 0));
  },
  TensorListFromTensor: (call) => {
    const items = call.tf.unstack(tensorAt(call, 0));
    return list(call, items, items[0]?.shape ?? elementShape(call, 1));
  },
  TensorListSetItem: (call) => {
    const position = integerAt(call, 1);
    const before = listAt(call, 0);
    const grows = call.attributes.get("resize_if_index_out_of_bounds") === true && position >= before.items.length;
    if (!(position >= 0) || (!grows && position >= before.items.length)) {
      throw new RangeError(`${call.op}: a list of ${before.items.length} items has no item ${position}`);
    }
    bounded(call, position);
    const item = tensorAt(call, 2).clone();
    const changed = mutableList(call);
    while (changed.items.length <= position) changed.items.push(undefined);
    changed.items[position]?.dispose();
    changed.items[position] = item;
    return changed;
  },
  TensorListGetItem: (call) => {
    const given = listAt(call, 0);
    const position = integerAt(call, 1);
    const item = given.items[position];
    if (item !== undefined) return item.clone();
    if (!(position >= 0 && position < given.items.length)) {
      throw new RangeError(`${call.op}: a list of ${given.items.length} items has no item ${position}`);
    }
    return zeros(call, given, elementShape(call, 2));
  },
  TensorListStack: (call) => {
    const given = listAt(call, 0);
    const shape = elementShape(call, 1);
    const first = given.items.find((item) => item !== undefined);
    const known = first?.shape ?? definite(given.elementShape) ?? definite(shape);
    if (known === undefined) throw new RangeError(`${call.op}: the list's items have no definite shape`);
    boundedShape(call, [given.items.length, ...known]);
    if (given.items.length === 0) return call.tf.zeros([0, ...known], given.dtype);
    return call.tf.stack(given.items.map((item) => item ?? zeros(call, given, known)));
  },
  TensorListLength: (call) => ({ kind: "integers", dtype: "int32", shape: [], data: [listAt(call, 0).items.length] }),
  TensorListPushBack: (call) => {
    bounded(call, listAt(call, 0).items.length);
    const item = tensorAt(call, 1).clone();
    const changed = mutableList(call);
    changed.items.push(item);
    return changed;
  },
  TensorListPopBack: (call) => {
    const given = listAt(call, 0);
    if (given.items.length === 0) throw new RangeError(`${call.op}: the list is empty`);
    const unset = given.items.at(-1) === undefined ? zeros(call, given, elementShape(call, 1)) : undefined;
    const changed = mutableList(call);
    const item = changed.items.pop() ?? unset;
    return item === undefined ? [changed] : [changed, item];
  },
  TensorListGather: (call) => {
    const given = listAt(call, 0);
    const items = integersAt(call, 1).map(
      (position) => given.items[position] ?? zeros(call, given, given.elementShape),
    );
    return call.tf.stack(items);
  },
  TensorListElementShape: (call) => call.tf.tensor1d([...(definite(listAt(call, 0).elementShape) ?? [])], "int32"),
};

function list({ attributes }: Call, items: (Core.Tensor | undefined)[], shape: TensorList["elementShape"]): TensorList {
  const dtype = computedDtype(String(attributes.get("element_dtype") ?? "float32"));
  return { kind: "list", items, elementShape: shape, dtype };
}

/** The list itself if this is its last use, else a copy that shares its items. */
function mutableList(call: Call): TensorList {
  const given = listAt(call, 0);
  if (!call.isLastUse(0)) return shared(given) as TensorList; // the same kind as the input
  const moved = [...given.items];
  given.items.length = 0;
  return { ...given, items: moved };
}

function bounded(call: Call, count: number): number {
  if (!(count >= 0 && count <= maxItems)) throw new RangeError(`${call.op}: a list of ${count} items is not allowed`);
  return count;
}

/** The element shape of a list: -1 stands for any size; a negative scalar means any shape. */
function elementShape(call: Call, position: number): readonly number[] | undefined {
  const sizes = integersAt(call, position);
  const isScalar = sizes.length === 1 && tensorAt(call, position).rank === 0;
  return isScalar ? undefined : sizes;
}

function definite(shape: readonly number[] | undefined): readonly number[] | undefined {
  return shape?.every((size) => size >= 0) === true ? shape : undefined;
}

function zeros(
  call: Call,
  { items, elementShape, dtype }: TensorList,
  wanted: readonly number[] | undefined,
): Core.Tensor {
  const shape = definite(elementShape) ?? definite(wanted) ?? items.find((item) => item !== undefined)?.shape;
  if (shape === undefined) throw new RangeError(`${call.op}: an item that was never set has no definite shape`);
  return call.tf.zeros(boundedShape(call, shape), dtype);
}
