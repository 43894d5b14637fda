import type { Tensor } from "../../../dataplane/tensor.ts";
import type { SourceNode } from "./source/source-graph.ts";
import type { Constant } from "./tensorflow-graph.ts";

/** Constants of a graph while it is read: each `Const` and each variable once. */
export interface CollectedConstants {
  readonly constants: readonly Constant[];
  readonly weightBytes: number;
  /** Index of a node's value. */
  ofNode(node: SourceNode): number;
  /** Index of a value by its name, read when it is first asked for. */
  named(name: string, read: () => Tensor): number;
}

/** An empty collection; equal constants are kept once. */
export function collectedConstants(): CollectedConstants {
  const constants: Constant[] = [];
  const byNode = new Map<SourceNode, number>();
  const byName = new Map<string, number>();
  const byContents = new Map<string, number>();
  let weightBytes = 0;
  const added = (name: string, tensor: Tensor): number => {
    if (tensor.dtype !== "string") weightBytes += tensor.data.byteLength;
    return constants.push({ name, tensor }) - 1;
  };
  return {
    constants,
    get weightBytes() {
      return weightBytes;
    },
    ofNode: (node) => {
      const known = byNode.get(node);
      if (known !== undefined) return known;
      const tensor = node.value?.() ?? emptyValue;
      const contents = contentsOf(tensor);
      const index = byContents.get(contents) ?? added(node.name, tensor);
      if (contents !== "") byContents.set(contents, index);
      byNode.set(node, index);
      return index;
    },
    named: (name, read) => {
      const index = byName.get(name) ?? added(name, read());
      byName.set(name, index);
      return index;
    },
  };
}

/** Tells small values apart: axes and shapes, which every function has again. Empty for large ones. */
function contentsOf({ dtype, shape, data }: Tensor): string {
  return data.length > 64 || dtype === "string"
    ? ""
    : `${dtype}[${shape.join(",")}] ${Array.from(data, bitsOf).join(",")}`;
}

/** Zeros of either sign are different values. */
function bitsOf(value: number | bigint): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** A `Const` without a value is the default of its message: a scalar of no type, which nothing can compute with. */
const emptyValue: Tensor = { dtype: "string", shape: [0], data: [] };
