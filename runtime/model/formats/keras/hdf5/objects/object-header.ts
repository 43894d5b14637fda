import { cursor, type Cursor } from "../bytes/cursor.ts";
import type { FileBytes } from "../bytes/file-bytes.ts";
import { brokenStructure, unknownStructure } from "../hdf5-error.ts";

/** Types of object header messages. Specification IV.A.2. */
export const messageTypes = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  fillValue: 0x05,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** The messages that describe an object. */
export interface ObjectHeader {
  readonly has: (type: number) => boolean;
  /** The first message of a type. Throws an Hdf5Error when it is shared, that is, in another object's header. */
  readonly first: (type: number) => Cursor | undefined;
  readonly all: (type: number) => readonly Cursor[];
}

interface Message {
  readonly type: number;
  readonly isShared: boolean;
  readonly bytes: Buffer;
}

interface Chunk {
  readonly fields: Cursor;
  readonly version: 1 | 2;
  readonly hasOrder: boolean;
}

const maxChunks = 4096;

/** Reads the object header at an address with all its continuation blocks. Throws an Hdf5Error. */
export function objectHeader(file: FileBytes, address: number): ObjectHeader {
  const first = firstChunk(file, address);
  const queue = [first];
  const messages: Message[] = [];
  for (let i = 0; i < queue.length; i++) {
    if (i > maxChunks) throw brokenStructure();
    for (const message of messagesIn(queue[i] ?? first)) {
      if (message.type === messageTypes.continuation) queue.push(nextChunk(file, first, message.bytes));
      else messages.push(message);
    }
  }
  const all = (type: number): readonly Cursor[] =>
    messages.filter((message) => message.type === type).map((message) => openedMessage(file, message));
  return {
    has: (type) => messages.some((message) => message.type === type),
    first: (type) => all(type)[0],
    all,
  };
}

function openedMessage(file: FileBytes, { isShared, bytes }: Message): Cursor {
  if (isShared) throw unknownStructure("a shared header message");
  return cursor(bytes, file.sizes);
}

function firstChunk(file: FileBytes, address: number): Chunk {
  const start = file.structure(address, 16);
  if (start.uint(1) === 1) {
    start.skip(7);
    return { fields: file.structure(address + 16, start.uint(4)), version: 1, hasOrder: false };
  }
  const fields = file.structure(address, 6);
  fields.expect("OHDR\x02");
  const flags = fields.uint(1);
  const sizeLength = 2 ** (flags & 3);
  const sizeStart = 6 + ((flags & 0x20) === 0 ? 0 : 16) + ((flags & 0x10) === 0 ? 0 : 4);
  const size = file.structure(address + sizeStart, sizeLength).uint(sizeLength);
  const messages = file.structure(address + sizeStart + sizeLength, size);
  return { fields: messages, version: 2, hasOrder: (flags & 4) !== 0 };
}

function nextChunk(file: FileBytes, first: Chunk, bytes: Buffer): Chunk {
  const location = cursor(bytes, file.sizes);
  const address = location.address();
  const fields = file.structure(address, location.length());
  if (first.version === 1) return { ...first, fields };
  fields.expect("OCHK");
  return { ...first, fields: cursor(fields.bytes(fields.left() - 4), file.sizes) }; // without the checksum
}

function messagesIn({ fields, version, hasOrder }: Chunk): readonly Message[] {
  const headBytes = version === 1 ? 8 : hasOrder ? 6 : 4;
  const messages: Message[] = [];
  // Fewer bytes than a message's head are a gap.
  while (fields.left() >= headBytes) {
    const type = fields.uint(version === 1 ? 2 : 1);
    const sizeBytes = fields.uint(2);
    const flags = fields.uint(1);
    fields.skip(version === 1 ? 3 : hasOrder ? 2 : 0);
    messages.push({ type, isShared: (flags & 2) !== 0, bytes: fields.bytes(sizeBytes) });
  }
  return messages;
}
