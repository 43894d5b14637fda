import type { Attributes } from "../tensorflow-graph.ts";
import { maxIntegerElements, type IntegerTensor } from "./integer-tensor.ts";

/** Computes an operation on IntegerTensors; undefined leaves it to an engine. */
type IntegerOperation = (call: OperationCall, inputs: readonly IntegerTensor[]) => IntegerTensor | undefined;
interface OperationCall {
  readonly op: string;
  readonly attributes: Attributes;
}

/** The result of an operation on IntegerTensors; undefined when it needs an engine. Throws a RangeError on overflow. */
export function computedIntegers(call: OperationCall, inputs: readonly IntegerTensor[]): IntegerTensor | undefined {
  const compute = Object.hasOwn(operations, call.op) ? operations[call.op] : undefined;
  const result = inputs.length > 0 ? compute?.(call, inputs) : undefined;
  return result === undefined || result.data.length > maxIntegerElements ? undefined : result;
}

function integers(shape: readonly number[], data: readonly number[]): IntegerTensor {
  return { kind: "integers", dtype: "int32", shape, data };
}

/** An elementwise operation on equal shapes or with a scalar. */
function elementwise(dtype: IntegerTensor["dtype"], compute: (a: number, b: number) => number): IntegerOperation {
  return (call, [a, b]) => {
    if (a === undefined || b === undefined) return undefined;
    const isScalar = (one: IntegerTensor): boolean => one.shape.length === 0;
    const isAlike = a.shape.length === b.shape.length && a.shape.every((size, axis) => size === b.shape[axis]);
    if (!isAlike && !isScalar(a) && !isScalar(b)) return undefined;
    const { shape, data } = isScalar(a) ? b : a;
    const at = (one: IntegerTensor, i: number): number => one.data[isScalar(one) ? 0 : i] ?? 0;
    const values = data.map((_, i) => bounded(call, compute(at(a, i), at(b, i))));
    return { kind: "integers", dtype, shape, data: values };
  };
}

/** Wraps 32-bit integers around; 64-bit integers must fit into 32 bits. */
function bounded({ op, attributes }: OperationCall, value: number): number {
  if (value === (value | 0)) return value;
  if (attributes.get("T") === "int32") return value | 0;
  throw new RangeError(`${op}: ${value} does not fit 32 bits, which graphs are computed with`);
}

function comparison(holds: (a: number, b: number) => boolean): IntegerOperation {
  return elementwise("bool", (a, b) => (holds(a, b) ? 1 : 0));
}

/** A reduction of a vector to a scalar. */
function reduction(compute: (a: number, b: number) => number, start: number): IntegerOperation {
  return (call, [list, axes]) => {
    if (list?.dtype === "int32" && axes?.data.length === 0) return list;
    const isWhole = list?.shape.length === 1 && axes?.data.length === 1 && call.attributes.get("keep_dims") !== true;
    if (!isWhole || list.dtype !== "int32") return undefined;
    return integers([], [list.data.reduce((a, b) => bounded(call, compute(a, b)), start)]);
  };
}

const add = elementwise("int32", (a, b) => a + b);

const operations: Readonly<Record<string, IntegerOperation>> = {
  Add: add,
  AddV2: add,
  Sub: elementwise("int32", (a, b) => a - b),
  Mul: elementwise("int32", (a, b) => a * b),
  FloorDiv: elementwise("int32", (a, b) => Math.floor(a / b)),
  Maximum: elementwise("int32", (a, b) => Math.max(a, b)),
  Minimum: elementwise("int32", (a, b) => Math.min(a, b)),
  Less: comparison((a, b) => a < b),
  LessEqual: comparison((a, b) => a <= b),
  Greater: comparison((a, b) => a > b),
  GreaterEqual: comparison((a, b) => a >= b),
  Equal: comparison((a, b) => a === b),
  NotEqual: comparison((a, b) => a !== b),
  LogicalAnd: comparison((a, b) => a !== 0 && b !== 0),
  LogicalOr: comparison((a, b) => a !== 0 || b !== 0),
  Max: reduction((a, b) => Math.max(a, b), -(2 ** 31)),
  Min: reduction((a, b) => Math.min(a, b), 2 ** 31 - 1),
  Sum: reduction((a, b) => a + b, 0),
  Prod: reduction((a, b) => a * b, 1),
  Cast: ({ attributes }, [x]) => {
    const isInteger = /^int(32|64)$/.test(String(attributes.get("DstT")));
    return isInteger && x !== undefined ? integers(x.shape, x.data) : undefined;
  },
  ConcatV2: (_, inputs) => {
    const lists = inputs.slice(0, -1);
    if (lists.some(({ shape }) => shape.length !== 1)) return undefined;
    const data = lists.flatMap((list) => list.data);
    return integers([data.length], data);
  },
  ExpandDims: (_, [x]) => (x?.shape.length === 0 ? { ...x, shape: [1] } : undefined),
  GatherV2: (_, [x, indices]) => {
    if (x?.shape.length !== 1 || indices === undefined) return undefined;
    const data = indices.data.map((index) => x.data[index]);
    return data.includes(undefined)
      ? undefined
      : integers(
          indices.shape,
          data.filter((value) => value !== undefined),
        );
  },
  Pack: (_, inputs) => {
    if (inputs.some(({ shape }) => shape.length > 0)) return undefined;
    const data = inputs.flatMap(({ data }) => data);
    return integers([data.length], data);
  },
  Range: (_, [start, stop, step]) => {
    const [first = 0, end = 0, by = 1] = [start?.data[0], stop?.data[0], step?.data[0]];
    const count = Math.max(0, Math.ceil((end - first) / by));
    if (!(count <= maxIntegerElements)) return undefined;
    return integers(
      [count],
      Array.from({ length: count }, (_, i) => first + i * by),
    );
  },
  Reshape: (_, [x, shape]) => (x === undefined || shape === undefined ? undefined : reshaped(x, shape.data)),
  Slice: (_, [x, begin, size]) => {
    const [start = 0, count = 0] = [begin?.data[0], size?.data[0]];
    if (x?.shape.length !== 1 || start < 0 || start + count > x.data.length) return undefined;
    const data = x.data.slice(start, count < 0 ? undefined : start + count);
    return integers([data.length], data);
  },
  Squeeze: (call, [x]) => {
    const isWhole = numbersOf(call, "squeeze_dims").length <= 1;
    return isWhole && x?.shape.length === 1 && x.data.length === 1 ? { ...x, shape: [] } : undefined;
  },
  StridedSlice: (call, [x, begin, end, strides]) => {
    const isPlain = x?.shape.length === 1 && begin?.data.length === 1 && strides?.data[0] === 1;
    const hasOtherMask = ["ellipsis_mask", "new_axis_mask"].some((mask) => numberOf(call, mask, 0) !== 0);
    if (!isPlain || hasOtherMask) return undefined;
    const from = numberOf(call, "begin_mask", 0) === 0 ? begin.data[0] : 0;
    const to = numberOf(call, "end_mask", 0) === 0 ? end?.data[0] : undefined;
    return numberOf(call, "shrink_axis_mask", 0) === 0 ? part(x, from, to) : element(x, from);
  },
};

function part(x: IntegerTensor, from: number | undefined, to: number | undefined): IntegerTensor {
  const data = x.data.slice(from, to);
  return { ...x, shape: [data.length], data };
}

function element(x: IntegerTensor, index = 0): IntegerTensor | undefined {
  const value = x.data.at(index);
  return value === undefined ? undefined : { ...x, shape: [], data: [value] };
}

function reshaped(x: IntegerTensor, wanted: readonly number[]): IntegerTensor | undefined {
  const known = wanted.filter((size) => size >= 0).reduce((product, size) => product * size, 1);
  const shape = wanted.map((size) => (size < 0 ? x.data.length / known : size));
  return shape.reduce((product, size) => product * size, 1) === x.data.length ? { ...x, shape } : undefined;
}

function numberOf({ attributes }: OperationCall, name: string, otherwise: number): number {
  const value = attributes.get(name);
  return typeof value === "number" ? value : otherwise;
}

function numbersOf({ attributes }: OperationCall, name: string): readonly number[] {
  const value = attributes.get(name);
  return Array.isArray(value) ? value.map(Number) : [];
}
