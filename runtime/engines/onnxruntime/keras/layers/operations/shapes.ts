import { isList } from "../../../../../model/formats/keras/topology/json-config.ts";
import { cast, NotExportedError, type Value } from "../../values.ts";
import type { LayerCall, LayerExports } from "../layer-export.ts";
import { promoted, innerAxis, type Operand, optionAt, tensorAt, tensorsAt } from "./operands.ts";
import { slice } from "./slices.ts";

/** Reshaping, joining and splitting operations. */
export const shapeOperations: LayerExports = {
  Reshape: { apply: (call) => [reshape(call)] },
  Transpose: { apply: (call) => [transpose(call)] },
  Swapaxes: { apply: (call) => [swapped(call)] },
  Moveaxis: { apply: (call) => [axesMoved(call)] },
  ExpandDims: { apply: (call) => [expanded(call)] },
  Squeeze: { apply: (call) => [squeezed(call)] },
  GetItem: { apply: (call) => [slice(call)] },
  Concatenate: { apply: (call) => [concatenated(call)] },
  Stack: { apply: (call) => [stacked(call)] },
  Split: { apply: split },
  Repeat: { apply: (call) => [repeated(call)] },
  Flip: { apply: (call) => [flipped(call)] },
  BroadcastTo: { apply: (call) => [broadcast(call)] },
  Pad: { apply: (call) => [padded(call)] },
  Tile: { apply: (call) => [tiled(call)] },
  Take: { apply: (call) => [taken(call)] },
  ZerosLike: { apply: (call) => [filled(call, 0)] },
  OnesLike: { apply: (call) => [filled(call, 1)] },
};

/** A value of the same shape filled with one number. */
function filled(call: LayerCall, number: 0 | 1): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const dtype = optionAt(call, 1, "dtype") ?? input.type;
  if (dtype !== "bool" && dtype !== "float32" && dtype !== "int32") {
    throw new NotExportedError(`dtype=${JSON.stringify(dtype)} is not exported`);
  }
  const one = cast(graph, { name: graph.number(number), type: "float32", shape: [] }, dtype);
  const name = graph.add("Expand", [one.name, graph.add("Shape", [input.name])]);
  return { name, type: dtype, shape: input.shape };
}

function rowSize([, ...sizes]: readonly number[]): number {
  return sizes.includes(-1) ? Number.NaN : sizes.reduce((all, size) => all * size, 1);
}

function sizesAt(call: LayerCall, name: string): readonly number[] {
  const list = optionAt(call, 1, name);
  const sizes = isList(list) ? list.map((size) => (size === null ? -1 : size)) : [];
  if (isList(list) && sizes.every((size) => typeof size === "number" && Number.isSafeInteger(size)))
    return sizes as number[]; // checked above
  throw new NotExportedError(`${name}=${JSON.stringify(list ?? null)} is not a list of sizes`);
}

function reshape(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const [first = -1, ...rest] = sizesAt(call, "newshape");
  const known = rest.filter((size) => size >= 0).reduce((all, size) => all * size, 1);
  const elements = rowSize(input.shape);
  // Rows stay apart if they keep their number of elements.
  const keepsRows = rest.includes(-1) ? first === input.shape[0] && first > 0 : known === elements;
  if (!keepsRows) throw new NotExportedError("it mixes the rows of a batch");
  const shape = [input.shape[0] ?? -1, ...rest.map((size) => (size < 0 ? elements / known : size))];
  return { ...input, name: graph.add("Reshape", [input.name, graph.integers([0, ...shape.slice(1)])]), shape };
}

function transpose(call: LayerCall): Value {
  const input = tensorAt(call, 0, "x");
  const axes = optionAt(call, 1, "axes");
  const perm = isList(axes) ? axes.map((axis) => (Number(axis) + input.shape.length) % input.shape.length) : [];
  return permuted(call, input, perm);
}

function swapped(call: LayerCall): Value {
  const input = tensorAt(call, 0, "x");
  const rank = input.shape.length;
  const [a, b] = [innerAxis(optionAt(call, 1, "axis1"), rank), innerAxis(optionAt(call, 2, "axis2"), rank)];
  const perm = input.shape.map((_, axis) => {
    if (axis === a) return b;
    return axis === b ? a : axis;
  });
  return permuted(call, input, perm);
}

function axesMoved(call: LayerCall): Value {
  const input = tensorAt(call, 0, "x");
  const rank = input.shape.length;
  const axesAt = (position: number, name: string): readonly number[] =>
    [optionAt(call, position, name) ?? null].flat().map((axis) => innerAxis(axis, rank));
  const [from, to] = [axesAt(1, "source"), axesAt(2, "destination")];
  const others = input.shape.map((_, axis) => axis).filter((axis) => !from.includes(axis));
  const perm = input.shape.map((_, axis) => from[to.indexOf(axis)] ?? others.shift() ?? -1);
  return permuted(call, input, perm);
}

function permuted({ graph }: LayerCall, input: Operand, perm: readonly number[]): Value {
  if (perm[0] !== 0 || perm.length !== input.shape.length) throw new NotExportedError("it moves the batch");
  const shape = perm.map((axis) => input.shape[axis] ?? -1);
  return { ...input, name: graph.add("Transpose", [input.name], { perm }), shape };
}

function expanded(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const axis = innerAxis(optionAt(call, 1, "axis"), input.shape.length + 1);
  const shape = input.shape.toSpliced(axis, 0, 1);
  return { ...input, name: graph.add("Unsqueeze", [input.name, graph.integers([axis])]), shape };
}

function squeezed(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const axis = optionAt(call, 1, "axis");
  const axes = (isList(axis) ? axis : [axis]).map((one) => innerAxis(one, input.shape.length));
  if (axes.some((one) => input.shape[one] !== 1)) throw new NotExportedError("an axis is not of size 1");
  const shape = input.shape.filter((_, i) => !axes.includes(i));
  return { ...input, name: graph.add("Squeeze", [input.name, graph.integers(axes)]), shape };
}

function concatenated(call: LayerCall): Value {
  const { graph } = call;
  const inputs = promoted(graph, rowsOnly(tensorsAt(call, 0, "xs")), false);
  const [first] = inputs;
  if (first === undefined) throw new NotExportedError("it is called without tensors");
  const axis = innerAxis(optionAt(call, 1, "axis") ?? 0, first.shape.length);
  const sizes = inputs.map(({ shape }) => shape[axis] ?? -1);
  const total = sizes.includes(-1) ? -1 : sizes.reduce((sum, size) => sum + size, 0);
  const names = inputs.map(({ name }) => name);
  return { ...first, name: graph.add("Concat", names, { axis }), shape: first.shape.with(axis, total) };
}

function stacked(call: LayerCall): Value {
  const { graph } = call;
  const inputs = promoted(graph, rowsOnly(tensorsAt(call, 0, "x")), false);
  const [first] = inputs;
  if (first === undefined) throw new NotExportedError("it is called without tensors");
  const axis = innerAxis(optionAt(call, 1, "axis") ?? 0, first.shape.length + 1);
  const names = inputs.map(({ name }) => graph.add("Unsqueeze", [name, graph.integers([axis])]));
  return { ...first, name: graph.add("Concat", names, { axis }), shape: first.shape.toSpliced(axis, 0, inputs.length) };
}

/** Splits into equal sections, or before each index. */
function split(call: LayerCall): readonly Value[] {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const axis = innerAxis(optionAt(call, 2, "axis") ?? 0, input.shape.length);
  const size = input.shape[axis] ?? -1;
  const given = optionAt(call, 1, "indices_or_sections") ?? 0;
  const indices = isList(given)
    ? given.map(Number)
    : Array.from({ length: Number(given) - 1 }, (_, i) => ((i + 1) * size) / Number(given));
  const sizes = [...indices, size].map((end, i) => end - (indices[i - 1] ?? 0));
  if (size < 0 || !sizes.every((part) => Number.isInteger(part) && part > 0)) {
    throw new NotExportedError(`${size} elements are not split by ${JSON.stringify(given)}`);
  }
  const names = graph.addMany("Split", [input.name, graph.integers(sizes)], sizes.length, { axis });
  return names.map((name, i) => ({ ...input, name, shape: input.shape.with(axis, sizes[i] ?? -1) }));
}

function rowsOnly(operands: readonly Operand[]): readonly Operand[] {
  if (operands.some(({ isConstant }) => isConstant === true)) throw new NotExportedError("it joins a constant to rows");
  return operands;
}

function repeated(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const count = optionAt(call, 1, "repeats");
  const axis = innerAxis(optionAt(call, 2, "axis"), input.shape.length);
  const size = input.shape[axis] ?? -1;
  if (typeof count !== "number" || count < 1 || size < 0)
    throw new NotExportedError("its repeats are not a single number");
  const indices = Array.from({ length: size * count }, (_, i) => Math.floor(i / count));
  const name = graph.add("Gather", [input.name, graph.integers(indices)], { axis });
  return { ...input, name, shape: input.shape.with(axis, size * count) };
}

function flipped(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const axis = innerAxis(optionAt(call, 1, "axis"), input.shape.length);
  const [last, beforeFirst, axes] = [graph.integers([-1]), graph.integers([-(2 ** 31)]), graph.integers([axis])];
  return { ...input, name: graph.add("Slice", [input.name, last, beforeFirst, axes, graph.integers([-1])]) };
}

function broadcast(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const [, ...sizes] = sizesAt(call, "shape");
  if (sizes.length + 1 !== input.shape.length || sizes.some((size) => size < 1)) {
    throw new NotExportedError("it mixes the rows of a batch");
  }
  const name = graph.add("Expand", [input.name, graph.integers([1, ...sizes])]);
  return { ...input, name, shape: [input.shape[0] ?? -1, ...sizes] };
}

function padded(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const { type } = input;
  if (type !== "float32" && type !== "int32") throw new NotExportedError(`its input is of type ${type}`);
  const pairs = padWidths(call, input.shape.length);
  const mode = optionAt(call, 2, "mode") ?? "constant";
  const value = optionAt(call, 3, "constant_values") ?? 0;
  if ((mode !== "constant" && mode !== "reflect") || typeof value !== "number") {
    throw new NotExportedError(`mode=${JSON.stringify(mode)} with ${JSON.stringify(value)} is not exported`);
  }
  const fill = cast(graph, { name: graph.number(value), type: "float32", shape: [] }, type).name;
  const widths = graph.integers([...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)]);
  const name = graph.add("Pad", [input.name, widths, fill], { mode });
  const shape = input.shape.map((size, axis) => {
    const [before, after] = pairs[axis] ?? [0, 0];
    return size < 0 ? size : size + before + after;
  });
  return { ...input, name, shape };
}

/** Elements before and after each axis; none before or after the rows. */
function padWidths(call: LayerCall, rank: number): readonly (readonly [number, number])[] {
  const given = optionAt(call, 1, "pad_width");
  const pairs = (isList(given) ? given : []).map((pair) => (isList(pair) ? pair.map(Number) : []));
  const isWhole = pairs.length === rank && pairs.every(({ length }) => length === 2);
  const areRowsKept = pairs[0]?.every((width) => width === 0) === true;
  if (!isWhole || !areRowsKept || !pairs.flat().every((width) => width >= 0)) {
    throw new NotExportedError(`pad_width=${JSON.stringify(given ?? null)} is not exported`);
  }
  return pairs.map(([before = 0, after = 0]) => [before, after]);
}

function tiled(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const rank = input.shape.length;
  const given = sizesAt(call, "repeats");
  const repeats = [...Array.from({ length: Math.max(0, rank - given.length) }, () => 1), ...given];
  if (repeats.length !== rank || repeats[0] !== 1 || repeats.some((count) => count < 1)) {
    throw new NotExportedError("it mixes the rows of a batch");
  }
  const shape = input.shape.map((size, axis) => (size < 0 ? size : size * (repeats[axis] ?? 1)));
  return { ...input, name: graph.add("Tile", [input.name, graph.integers(repeats)]), shape };
}

function taken(call: LayerCall): Value {
  const { graph } = call;
  const input = tensorAt(call, 0, "x");
  const indices = tensorAt(call, 1, "indices");
  if (indices.isConstant !== true) throw new NotExportedError("its indices are a tensor");
  const axis = innerAxis(optionAt(call, 2, "axis"), input.shape.length);
  const name = graph.add("Gather", [input.name, cast(graph, indices, "int32").name], { axis });
  return { ...input, name, shape: input.shape.toSpliced(axis, 1, ...indices.shape) };
}
