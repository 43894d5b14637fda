import type { Tensor } from "../../../dataplane/tensor.ts";
import type { SourceNode } from "./source/source-graph.ts";
import type { Constant } from "./tensorflow-graph.ts";

/** The constants collected while a graph is read: each `Const` and each variable once. */
export interface ConstantPool {
  readonly constants: readonly Constant[];
  readonly weightBytes: number;
  /** The index of the value of a `Const` node. */
  ofNode(node: SourceNode): number;
  /** The index of a named value, which is read on first use. */
  named(name: string, read: () => Tensor): number;
}

/** An empty pool; small equal constants are kept once. */
export function constantPool(): ConstantPool {
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
      const contents = contentKey(tensor);
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

/** A key by content for small values such as axes and shapes, which every function repeats. Empty for large values. */
function contentKey({ dtype, shape, data }: Tensor): string {
  return data.length > 64 || dtype === "string"
    ? ""
    : `${dtype}[${shape.join(",")}] ${Array.from(data, bitsOf).join(",")}`;
}

/** Distinguishes -0 from 0. */
function bitsOf(value: number | bigint): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The value of a `Const` without one, which no operation can use. */
const emptyValue: Tensor = { dtype: "string", shape: [0], data: [] };
