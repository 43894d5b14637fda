import { type Cursor, cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import { brokenStructure, Hdf5Error } from "../hdf5-error.ts";
import { fractalHeap } from "../indexes/fractal-heap.ts";
import type { GlobalHeap } from "../indexes/global-heap.ts";
import { btreeV2Records } from "../indexes/btree-v2.ts";
import { dataspace } from "./dataspace.ts";
import { datatype } from "./datatype.ts";
import { messageTypes, type ObjectHeader } from "./object-header.ts";

/** The parts of an attribute message. */
export interface Attribute {
  readonly type: Buffer;
  readonly space: Buffer;
  readonly content: Buffer;
}

const nameRecordKind = 8;
const maxBytes = 32 * 1024 ** 2;
const maxStrings = 100_000;

/** An object's attributes by name. Throws an Hdf5Error. */
export function objectAttributes(file: FileBytes, header: ObjectHeader): ReadonlyMap<string, Attribute> {
  const messages = [...header.all(messageTypes.attribute)];
  const info = header.first(messageTypes.attributeInfo);
  if (info !== undefined) messages.push(...denseAttributes(file, info));
  return new Map(messages.map(attributeOf));
}

/** Attributes in dense storage: too many or too large for the object header. */
function* denseAttributes(file: FileBytes, info: Cursor): Generator<Cursor> {
  info.skip(1);
  if ((info.uint(1) & 1) !== 0) info.skip(2);
  const heapAddress = info.address();
  if (heapAddress === undefined) return;
  const heap = fractalHeap(file, heapAddress);
  for (const record of btreeV2Records(file, info.address(), nameRecordKind)) yield heap.object(record.bytes(8));
}

/** Reads an attribute message. Version 1 pads its parts to eight bytes. Specification IV.A.2.m. */
function attributeOf(message: Cursor): readonly [string, Attribute] {
  const version = message.uint(1);
  const isShared = message.uint(1) !== 0 && version > 1;
  const sizes = [message.uint(2), message.uint(2), message.uint(2)] as const;
  if (version === 3) message.skip(1);
  if (version < 1 || version > 3) throw brokenStructure();
  const [name, type, space] = sizes.map((size) => {
    const bytes = message.bytes(size);
    if (version === 1) message.skip((8 - (size % 8)) % 8);
    return bytes;
  });
  const content = message.bytes(message.left());
  if (name === undefined || type === undefined || space === undefined) throw brokenStructure();
  // Keras writes no attributes of shared types.
  return [name.subarray(0, -1).toString("utf8"), { type: isShared ? unsupportedType : type, space, content }];
}

const unsupportedType = Buffer.from([0x1f, 0, 0, 0, 0, 0, 0, 0]);

/** The strings of an attribute; `undefined` if it is empty or of another type. Throws an Hdf5Error. */
export function attributeStrings(
  file: FileBytes,
  { type, space, content }: Attribute,
  heap: GlobalHeap,
): readonly string[] | undefined {
  const { kind, sizeBytes } = datatype(cursor(type, file.sizes));
  const shape = dataspace(cursor(space, file.sizes));
  if ((kind !== "text" && kind !== "long text") || shape === undefined) return undefined;
  const count = shape.reduce((product, size) => product * size, 1);
  const elements = cursor(content, file.sizes);
  let left = count <= maxStrings ? maxBytes : 0;
  const counted = (text: Buffer): Buffer => {
    left -= text.length + 1;
    if (left < 0) throw new Hdf5Error("", `an attribute holds more than ${maxStrings} strings or ${maxBytes} bytes`);
    return text;
  };
  // Many elements may point to one text: the sum of their lengths is limited, too.
  const next = kind === "text" ? () => elements.bytes(sizeBytes) : () => variableText(elements, heap);
  return Array.from({ length: Math.min(count, maxStrings + 1) }, () => {
    const text = counted(next());
    const end = text.indexOf(0);
    return text.toString("utf8", 0, end === -1 ? text.length : end);
  });
}

function variableText(elements: Cursor, heap: GlobalHeap): Buffer {
  const sizeBytes = elements.uint(4);
  const collection = elements.address();
  const number = elements.uint(4);
  return number === 0 ? Buffer.alloc(0) : heap(collection, number).subarray(0, sizeBytes);
}
