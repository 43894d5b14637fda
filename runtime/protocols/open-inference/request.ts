import type { Signature } from "../../dataplane/signature.ts";
import { isUtf8 } from "node:buffer";
import type { NamedTensor } from "../../dataplane/tensor.ts";
import { parseWholeJson } from "../json/parse-json.ts";
import type { JsonValue } from "../json/value.ts";
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
import { decodedTensor } from "./tensors/base64.ts";
import { type Announced, tensorFromBytes } from "./tensors/binary-data.ts";
import { datatypeNames, datatypes, dtypeNamed } from "./tensors/datatypes.ts";
import { tensorFromJson } from "./tensors/json-data.ts";

/** An infer request, read and checked as far as the protocol goes. */
export interface InferDocument {
  /** To be echoed. */
  readonly id: string | undefined;
  readonly inputs: readonly NamedTensor[];
  readonly outputs: readonly WantedOutput[];
}

/** What it takes to read the body of an infer request. */
export interface InferOrder {
  readonly body: Buffer;
  readonly headerLength: string | undefined;
  readonly signature: Signature;
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
  const blobs: Blobs = { bytes: split.blobs, at: 0 };
  const kept = split.blobs.length > 0 && split.json.length <= maxKeptBytes ? keptFor(signature) : undefined;
  const text = kept === undefined ? "" : split.json.toString("latin1");
  const known = kept?.get(text);
  if (known !== undefined) {
    const inputs = known.inputs.map((input) => inputTensor(input, blobs));
    checkClaimed(blobs);
    return { id: known.id, inputs, outputs: known.outputs };
  }
  const { announced, ...read } = readDocument(split.json, blobs, signature);
  // Numbers of JSON are in memory that the next document takes.
  if (kept !== undefined && announced.every(({ elements }) => "sizeBytes" in elements)) {
    if (kept.size >= maxKept) kept.clear();
    kept.set(text, { id: read.id, inputs: announced, outputs: read.outputs });
  }
  return read;
}

/** What the JSON of a request says. */
interface Announcement {
  readonly id: string | undefined;
  readonly inputs: readonly AnnouncedInput[];
  readonly outputs: readonly WantedOutput[];
}

interface AnnouncedInput extends Announced {
  readonly name: string;
  readonly inputPath: string;
  /** What MLServer's clients say of the elements. */
  readonly contentType: string | undefined;
  /** Its elements, or how many bytes of binary data they are and what says so. */
  readonly elements: JsonValue | { readonly sizeBytes: number; readonly sizePath: string };
}

/** Before binary data most clients send the same JSON again and again: so many of up to so many bytes are kept for each signature. */
const maxKept = 64;
const maxKeptBytes = 1024;
const keptAnnouncements = new WeakMap<Signature, Map<string, Announcement>>();

function keptFor(signature: Signature): Map<string, Announcement> {
  const kept = keptAnnouncements.get(signature) ?? new Map<string, Announcement>();
  keptAnnouncements.set(signature, kept);
  return kept;
}

interface ReadDocument extends InferDocument {
  readonly announced: readonly AnnouncedInput[];
}

function readDocument(json: Buffer, blobs: Blobs, signature: Signature): ReadDocument {
  if (!isUtf8(json)) throw faults.JsonNotUtf8({});
  const request = fieldsOf(parseWholeJson(json), "");
  const id = request.values.has("id") ? textAt(request, "id") : undefined;
  const allBinary = flagAt(parametersOf(request), "binary_data_output") ?? false;
  required(request, "inputs", "a list of tensors");
  const announced: AnnouncedInput[] = [];
  const inputs = objectsAt(request, "inputs").map((fields) => {
    const input = announcedInput(fields, signature);
    announced.push(input);
    return inputTensor(input, blobs);
  });
  checkClaimed(blobs);
  return { id, inputs, outputs: wantedOutputs(request, signature, allBinary), announced };
}

function checkClaimed({ bytes, at }: Blobs): void {
  const leftBytes = bytes.length - at;
  if (leftBytes > 0) throw faults.BinaryUnclaimed({ leftBytes });
}

/** The binary data behind the JSON, taken from the front. */
interface Blobs {
  readonly bytes: Buffer;
  at: number;
}

/** Input parameters of extensions that are not offered. */
const foreignParameters: Readonly<Record<string, string>> = { shared_memory_region: "shared memory" };

function announcedInput(input: Fields, signature: Signature): AnnouncedInput {
  const name = textAt(input, "name");
  const shape = shapeAt(input, "shape");
  const dtype = datatypeOf(input, signature.inputs.find((spec) => spec.name === name)?.dtype);
  const parameters = parametersOf(input);
  refuseForeign(parameters, foreignParameters);
  const sizeBytes = sizeAt(parameters, "binary_data_size");
  const content = parameters.values.get("content_type");
  const contentType = content?.kind === "string" ? content.value : undefined;
  const announced = { name, inputPath: input.path, contentType, dtype, shape, path: pathIn(input.path, "data") };
  if (sizeBytes === undefined) {
    const expected = "a list of the elements, unless parameters.binary_data_size is given";
    return { ...announced, elements: required(input, "data", expected) };
  }
  if (input.values.has("data")) throw faults.DataTwice({ path: input.path });
  return { ...announced, elements: { sizeBytes, sizePath: pathIn(parameters.path, "binary_data_size") } };
}

function inputTensor(
  { name, inputPath: path, contentType, elements, ...announced }: AnnouncedInput,
  blobs: Blobs,
): NamedTensor {
  if (!("sizeBytes" in elements)) {
    const tensor = decodedTensor(tensorFromJson(elements, announced), contentType, announced.path);
    return { name, path, tensor };
  }
  const { sizeBytes, sizePath } = elements;
  const binary = { dtype: announced.dtype, shape: announced.shape, path, sizePath };
  return { name, path, tensor: tensorFromBytes(taken(blobs, sizeBytes, sizePath), binary) };
}

function taken(blobs: Blobs, sizeBytes: number, path: string): Buffer {
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
