import { isList } from "../../../../model/formats/keras/topology/json-config.ts";
import { integer, integers, pairs, requireChannelsLast } from "../layer-config.ts";
import { channelsLast, graphAxis, graphOrder, NotExportedError, unmasked, type Value } from "../values.ts";
import { type LayerCall, type LayerExport, type LayerExports, soleInput } from "./layer-export.ts";

/** Layers that reshape, permute, repeat, pad or crop. */
export const reshapingLayers: LayerExports = {
  Flatten: { apply: (call) => [flatten(call)] },
  Reshape: { apply: (call) => [reshape(call)] },
  Permute: { apply: (call) => [permute(call)] },
  RepeatVector: { apply: (call) => [repeatVector(call)] },
  ZeroPadding1D: zeroPadding(1),
  ZeroPadding2D: zeroPadding(2),
  ZeroPadding3D: zeroPadding(3),
  Cropping1D: cropping(1),
  Cropping2D: cropping(2),
  Cropping3D: cropping(3),
};

/** Number of elements of the row axes; -1 if a size is unknown. */
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

function zeroPadding(axes: number): LayerExport {
  return {
    apply: (call) => {
      const { config, graph } = call;
      requireChannelsLast(config);
      const input = unmasked(soleInput(call));
      const margins = pairs(config, "padding", axes);
      const before = graphOrder(input, [0, ...margins.map(([first]) => first), 0]);
      const after = graphOrder(input, [0, ...margins.map(([, last]) => last), 0]);
      const name = graph.add("Pad", [input.name, graph.integers([...before, ...after])]);
      return [
        {
          ...input,
          name,
          shape: resized(
            input,
            margins.map(([first, last]) => first + last),
          ),
        },
      ];
    },
  };
}

function cropping(axes: number): LayerExport {
  return {
    apply: (call) => {
      const { config } = call;
      requireChannelsLast(config);
      const input = unmasked(soleInput(call));
      const margins = pairs(config, "cropping", axes);
      const shape = resized(
        input,
        margins.map(([first, last]) => -first - last),
      );
      return [{ ...input, name: croppedName(call, input, margins), shape }];
    },
  };
}

/** Slices off the margins of each inner axis. */
function croppedName({ graph }: LayerCall, input: Value, margins: readonly (readonly [number, number])[]): string {
  const starts = graph.integers(margins.map(([first]) => first));
  const ends = graph.integers(margins.map(([, last]) => (last === 0 ? 2 ** 31 - 1 : -last)));
  const axes = graph.integers(margins.map((_, i) => graphAxis(input, i + 1)));
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
