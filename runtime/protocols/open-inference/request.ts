import type { Signature } from "../../dataplane/signature.ts";
import { isUtf8 } from "node:buffer";
import type { NamedTensor } from "../../dataplane/tensor.ts";
import { parseWholeJson } from "../json/parse-json.ts";
import { splitBody } from "./body.ts";
import { faults } from "./faults.ts";
import {
  type Fields,
  fieldsOf,
  flagAt,
  objectsAt,
  parametersOf,
  pathIn,
  required,
  shapeAt,
  sizeAt,
  textAt,
} from "./fields.ts";
import { type WantedOutput, allOutputs, refuseForeign, wantedOutputs } from "./outputs.ts";
import { rawInput } from "./raw-input.ts";
import { type Announced, type AnnouncedBinary, tensorFromBytes } from "./tensors/binary-data.ts";
import { datatypeNames, datatypes, dtypeNamed } from "./tensors/datatypes.ts";
import { tensorFromJson } from "./tensors/json-data.ts";

/** An infer request, read and checked as far as the protocol goes. */
export interface InferDocument {
  /** To be echoed. */
  readonly id: string | undefined;
  readonly inputs: readonly NamedTensor[];
  readonly outputs: readonly WantedOutput[];
}

/** Reads the body of an infer request; `headerLength` is its `Inference-Header-Content-Length`. */
export function inferDocument(
  body: Buffer,
  headerLength: string | string[] | undefined,
  signature: Signature,
): InferDocument {
  const split = splitBody(body, headerLength);
  if (split === undefined) {
    return { id: undefined, inputs: [rawInput(body, signature)], outputs: allOutputs(signature, true) };
  }
  if (!isUtf8(split.json)) throw faults.JsonNotUtf8({});
  const request = fieldsOf(parseWholeJson(split.json), "");
  const id = request.values.has("id") ? textAt(request, "id") : undefined;
  const allBinary = flagAt(parametersOf(request), "binary_data_output") ?? false;
  required(request, "inputs", "a list of tensors");
  const blobs: Blobs = { bytes: split.blobs, at: 0 };
  const inputs = objectsAt(request, "inputs").map((input) => inputTensor(input, signature, blobs));
  const leftBytes = blobs.bytes.length - blobs.at;
  if (leftBytes > 0) throw faults.BinaryUnclaimed({ leftBytes });
  return { id, inputs, outputs: wantedOutputs(request, signature, allBinary) };
}

/** The binary data behind the JSON, taken from the front. */
interface Blobs {
  readonly bytes: Buffer;
  at: number;
}

/** Input parameters of extensions that are not offered. */
const foreignParameters: Readonly<Record<string, string>> = { shared_memory_region: "shared memory" };

function inputTensor(input: Fields, signature: Signature, blobs: Blobs): NamedTensor {
  const name = textAt(input, "name");
  const shape = shapeAt(input, "shape");
  const dtype = datatypeOf(input, signature.inputs.find((spec) => spec.name === name)?.dtype);
  const parameters = parametersOf(input);
  refuseForeign(parameters, foreignParameters);
  const sizeBytes = sizeAt(parameters, "binary_data_size");
  const path = pathIn(input.path, "data");
  if (sizeBytes === undefined) {
    const data = required(input, "data", "a list of the elements, unless parameters.binary_data_size is given");
    return { name, path: input.path, tensor: tensorFromJson(data, { dtype, shape, path }) };
  }
  if (input.values.has("data")) throw faults.DataTwice({ path: input.path });
  const announced = { dtype, shape, path: input.path, sizePath: pathIn(parameters.path, "binary_data_size") };
  const bytes = taken(blobs, sizeBytes, announced);
  return { name, path: input.path, tensor: tensorFromBytes(bytes, announced) };
}

function taken(blobs: Blobs, sizeBytes: number, { sizePath: path }: AnnouncedBinary): Buffer {
  const leftBytes = blobs.bytes.length - blobs.at;
  if (sizeBytes > leftBytes) throw faults.BinaryBeyondBody({ path, sizeBytes, leftBytes });
  const start = blobs.at;
  blobs.at += sizeBytes;
  return blobs.bytes.subarray(start, blobs.at);
}

function datatypeOf(input: Fields, expected: Signature["inputs"][number]["dtype"] | undefined): Announced["dtype"] {
  const datatype = textAt(input, "datatype");
  const path = pathIn(input.path, "datatype");
  const dtype = dtypeNamed(datatype);
  if (dtype === undefined) throw faults.DatatypeUnknown({ path, datatype, known: datatypeNames });
  if (expected !== undefined && dtype !== expected) {
    throw faults.DatatypeMismatch({ path, datatype, expected: datatypes[expected].name });
  }
  return dtype;
}
