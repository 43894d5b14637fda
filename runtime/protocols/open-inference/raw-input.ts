import type { Signature } from "../../dataplane/signature.ts";
import { type NamedTensor, elementCount } from "../../dataplane/tensor.ts";
import { faults } from "./faults.ts";
import { tensorFromBytes } from "./tensors/binary-data.ts";
import { datatypes } from "./tensors/datatypes.ts";

type TensorSpec = Signature["inputs"][number];

/**
 * The only input of a model from a raw binary request, a body without JSON. The body's size determines one unknown dimension; an
 * unknown first dimension beside it is a batch of one. A BYTES input has one element: the whole body.
 */
export function rawInput(body: Buffer, { inputs }: Signature): NamedTensor {
  const [spec] = inputs;
  if (spec === undefined || inputs.length !== 1) throw faults.RawInputs({ inputs: inputs.map(({ name }) => name) });
  const { name, dtype } = spec;
  const path = "the body";
  if (dtype === "string") return { name, path, tensor: { dtype, shape: singleShape(spec), data: [body] } };
  const shape = rawShape(spec, body.length);
  return { name, path, tensor: tensorFromBytes(body, { dtype, shape, path, sizePath: "the size of the body" }) };
}

/** The shape of a tensor with one element. Throws `RawShape`. */
function singleShape({ name, shape }: TensorSpec): readonly number[] {
  if (shape.some((size) => size !== -1 && size !== 1)) throw faults.RawShape({ name, shape });
  return shape.map(() => 1);
}

function rawShape(spec: TensorSpec, bodyBytes: number): readonly number[] {
  const { name, dtype } = spec;
  const shape = spec.anyShape === true ? [-1] : spec.shape;
  const unknown = shape.flatMap((size, i) => (size === -1 ? [i] : []));
  const isBatch = unknown.length === 2 && unknown[0] === 0;
  if (unknown.length > 1 && !isBatch) throw faults.RawShape({ name, shape });
  const inferred = unknown.at(-1);
  if (inferred === undefined) return shape;
  const { name: datatype, sizeBytes: elementBytes = 1 } = datatypes[dtype];
  const others = elementCount(shape.map((size) => Math.abs(size)));
  const size = bodyBytes / (others * elementBytes);
  if (!Number.isSafeInteger(size)) throw faults.RawSize({ name, shape, datatype, sizeBytes: bodyBytes });
  return shape.map((given, i) => (i === inferred ? size : Math.abs(given)));
}
