import { isList } from "../../../../model/formats/keras/topology/json-config.ts";
import { integer, integers, pairs, requireChannelsLast } from "../options.ts";
import { channelsLast, graphAxis, graphOrder, NotExportedError, unmasked, type Value } from "../values.ts";
import { type LayerCall, type LayerExport, type LayerExports, soleInput } from "./layer-export.ts";

/** Layers that move, repeat, add or leave out elements. */
export const shapings: LayerExports = {
  Flatten: { apply: (call) => [flatten(call)] },
  Reshape: { apply: (call) => [reshape(call)] },
  Permute: { apply: (call) => [permute(call)] },
  RepeatVector: { apply: (call) => [repeatVector(call)] },
  ZeroPadding1D: padded(1),
  ZeroPadding2D: padded(2),
  ZeroPadding3D: padded(3),
  Cropping1D: cropped(1),
  Cropping2D: cropped(2),
  Cropping3D: cropped(3),
};

/** Elements of one row; -1 when a size is unknown. */
function rowSize(shape: readonly number[]): number {
  return shape.includes(-1) ? -1 : shape.reduce((product, size) => product * size, 1);
}

function flatten(call: LayerCall): Value {
  requireChannelsLast(call.config);
  const input = unmasked(channelsLast(call.graph, soleInput(call)));
  const [batch = -1, ...rest] = input.shape;
  return { ...input, name: call.graph.add("Flatten", [input.name], { axis: 1 }), shape: [batch, rowSize(rest)] };
}

function reshape(call: LayerCall): Value {
  const { config, graph } = call;
  const input = unmasked(channelsLast(graph, soleInput(call)));
  const target = config["target_shape"];
  const sizes = isList(target) ? target.map(Number) : [];
  if (!isList(target) || !sizes.every((size) => Number.isSafeInteger(size) && size !== 0)) {
    throw new NotExportedError(`target_shape=${JSON.stringify(target)} is not a list of sizes`);
  }
  const [batch = -1, ...rest] = input.shape;
  const known = sizes.filter((size) => size > 0).reduce((product, size) => product * size, 1);
  const elements = rowSize(rest);
  const free = elements < 0 ? -1 : elements / known;
  const isFitting = elements < 0 || (sizes.includes(-1) ? Number.isInteger(free) : free === 1);
  if (!isFitting) throw new NotExportedError(`${elements} elements do not fit into [${sizes.join(",")}]`);
  const shape = [batch, ...sizes.map((size) => (size < 0 ? free : size))];
  return { ...input, name: graph.add("Reshape", [input.name, graph.integers([0, ...sizes])]), shape };
}

function permute(call: LayerCall): Value {
  const { config, graph } = call;
  const input = unmasked(channelsLast(graph, soleInput(call)));
  const dims = integers(config, "dims", input.shape.length - 1);
  const perm = [0, ...dims];
  return {
    ...input,
    name: graph.add("Transpose", [input.name], { perm }),
    shape: perm.map((axis) => input.shape[axis] ?? -1),
  };
}

function repeatVector(call: LayerCall): Value {
  const { config, graph } = call;
  const input = unmasked(soleInput(call));
  const count = integer(config, "n");
  const [batch = -1, features = -1] = input.shape;
  const column = graph.add("Unsqueeze", [input.name, graph.integers([1])]);
  return {
    ...input,
    name: graph.add("Expand", [column, graph.integers([1, count, 1])]),
    shape: [batch, count, features],
  };
}

function padded(axes: number): LayerExport {
  return {
    apply: (call) => {
      const { config, graph } = call;
      requireChannelsLast(config);
      const input = unmasked(soleInput(call));
      const around = pairs(config, "padding", axes);
      const before = graphOrder(input, [0, ...around.map(([first]) => first), 0]);
      const after = graphOrder(input, [0, ...around.map(([, last]) => last), 0]);
      const name = graph.add("Pad", [input.name, graph.integers([...before, ...after])]);
      return [
        {
          ...input,
          name,
          shape: resized(
            input,
            around.map(([first, last]) => first + last),
          ),
        },
      ];
    },
  };
}

function cropped(axes: number): LayerExport {
  return {
    apply: (call) => {
      const { config } = call;
      requireChannelsLast(config);
      const input = unmasked(soleInput(call));
      const around = pairs(config, "cropping", axes);
      const shape = resized(
        input,
        around.map(([first, last]) => -first - last),
      );
      return [{ ...input, name: cut(call, input, around), shape }];
    },
  };
}

/** The input without some elements before and behind on each of its inner axes. */
function cut({ graph }: LayerCall, input: Value, around: readonly (readonly [number, number])[]): string {
  const starts = graph.integers(around.map(([first]) => first));
  const ends = graph.integers(around.map(([, last]) => (last === 0 ? 2 ** 31 - 1 : -last)));
  const axes = graph.integers(around.map((_, i) => graphAxis(input, i + 1)));
  return graph.add("Slice", [input.name, starts, ends, axes]);
}

function resized({ shape }: Value, differences: readonly number[]): readonly number[] {
  return shape.map((size, axis) => {
    const difference = differences[axis - 1];
    if (difference === undefined || size < 0) return size;
    if (size + difference <= 0) throw new NotExportedError(`nothing of ${size} elements is left`);
    return size + difference;
  });
}
