import { abbreviated } from "../../../base/fault.ts";
import type { Signature } from "../../../dataplane/signature.ts";
import type { Dtype, NamedTensor } from "../../../dataplane/tensor.ts";
import { faults } from "../faults.ts";
import { maxRank } from "../fields.ts";
import { decodedTensor } from "../tensors/base64.ts";
import { tensorFromBytes } from "../tensors/binary-data.ts";
import { datatypeNames, datatypes, dtypeNamed } from "../tensors/datatypes.ts";
import { type Classes, classesOf } from "../tensors/classes.ts";
import { tensorFromContents } from "./contents.ts";
import type { InputTensor, ModelInferRequest } from "./messages.ts";

/** The longest unknown datatype that a message shows. */
const maxShown = 64;

/**
 * Decodes the input tensors, from `raw_input_contents` if present, otherwise from the typed contents. Throws a Fault with the path
 * of the field.
 */
export function inputTensors(request: ModelInferRequest, signature: Signature): readonly NamedTensor[] {
  const { inputs, rawInputContents: raw } = request;
  if (raw.length > 0 && raw.length !== inputs.length) {
    throw faults.RawContentsCount({ raw: raw.length, inputs: inputs.length });
  }
  return inputs.map((input, i) => inputTensor(input, `inputs[${i}]`, { raw: raw[i], index: i, signature, request }));
}

interface InputContext {
  readonly raw: Uint8Array | undefined;
  readonly index: number;
  readonly signature: Signature;
  readonly request: ModelInferRequest;
}

function inputTensor(input: InputTensor, path: string, { raw, index, signature, request }: InputContext): NamedTensor {
  const { name, contents } = input;
  if (name === "") throw faults.FieldMissing({ path: `${path}.name`, expected: "a string" });
  refuseExtensions(input.parameters, `${path}.parameters`, { shared_memory_region: "shared memory" });
  const shape = checkedShape(input.shape, `${path}.shape`);
  const dtype = datatypeOf(input, `${path}.datatype`, signature.inputs.find((spec) => spec.name === name)?.dtype);
  if (raw === undefined) {
    const tensor = tensorFromContents(contents, { dtype, shape, path });
    return { name, path, tensor: decodedTensor(tensor, input.parameters.get("content_type")?.stringParam, path) };
  }
  const isTwice = contents !== undefined && Object.values(contents).some((values) => values.length > 0);
  if (isTwice) throw faults.ContentsTwice({ name, model: request.modelName });
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  const sizePath = `the size of raw_input_contents[${index}]`;
  return { name, path, tensor: tensorFromBytes(bytes, { dtype, shape, path, sizePath }) };
}

function checkedShape(shape: readonly number[], path: string): readonly number[] {
  if (shape.length > maxRank) {
    throw faults.FieldInvalid({ path, found: `a list of ${shape.length}`, expected: `a list of ${maxRank} at most` });
  }
  const negative = shape.findIndex((size) => size < 0);
  if (negative >= 0) {
    const found = String(shape[negative]);
    throw faults.FieldInvalid({ path: `${path}[${negative}]`, found, expected: "a whole number from 0" });
  }
  const product = shape.reduce((count, size) => count * Math.max(size, 1), 1);
  if (product > Number.MAX_SAFE_INTEGER) throw faults.ShapeTooLarge({ path, shape });
  return shape;
}

function datatypeOf({ datatype }: InputTensor, path: string, expected: Dtype | undefined): Dtype {
  const dtype = dtypeNamed(datatype);
  if (dtype === undefined) {
    throw faults.DatatypeUnknown({ path, datatype: abbreviated(datatype, maxShown), known: datatypeNames });
  }
  if (expected !== undefined && dtype !== expected) {
    throw faults.DatatypeMismatch({ path, datatype, expected: datatypes[expected].name });
  }
  return dtype;
}

/** An output that a request asks for. */
export interface RequestedOutput {
  readonly name: string;
  /** Return its largest elements only, as classes. */
  readonly classes?: Classes;
}

/** The outputs that a request lists; an empty list means all. Throws a Fault with the path of the field. */
export function requestedOutputs({ outputs }: ModelInferRequest, signature: Signature): readonly RequestedOutput[] {
  const known = signature.outputs.map(({ name }) => name);
  const seen = new Set<string>();
  return outputs.map(({ name, parameters }, i) => {
    const path = `outputs[${i}]`;
    refuseExtensions(parameters, `${path}.parameters`, { shared_memory_region: "shared memory" });
    const spec = signature.outputs.find((output) => output.name === name);
    if (spec === undefined) throw faults.OutputNotServed({ path, name, known });
    if (seen.has(name)) throw faults.OutputRepeated({ path, name });
    seen.add(name);
    const place = `${path}.parameters.classification`;
    const classes = classesOf(classCount(parameters.get("classification"), place), place, signature, spec);
    return { name, ...(classes === undefined ? {} : { classes }) };
  });
}

type Parameters = ModelInferRequest["parameters"];
type Parameter = Parameters extends ReadonlyMap<string, infer P> ? P : never;

/** Reads a class count, which clients send as int64 or uint64. */
function classCount(parameter: Parameter | undefined, path: string): number {
  const count = parameter === undefined ? 0n : (parameter.int64Param ?? parameter.uint64Param ?? -1n);
  if (count >= 0n) return Number(count);
  const found = Object.values(parameter ?? {}).find((value) => value !== undefined);
  throw faults.FieldInvalid({ path, found: String(found), expected: "a whole number of classes" });
}

/**
 * Throws `ParameterUnsupported` for a parameter of an extension that this server does not have, as ignoring it would change the
 * result.
 */
function refuseExtensions(
  parameters: ReadonlyMap<string, object>,
  path: string,
  extensions: Readonly<Record<string, string>>,
): void {
  for (const [name, extension] of Object.entries(extensions)) {
    if (parameters.has(name)) throw faults.ParameterUnsupported({ path: `${path}.${name}`, extension });
  }
}
