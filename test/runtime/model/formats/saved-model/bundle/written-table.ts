import { crc32c, maskCrc32c } from "../../../../../../runtime/model/formats/saved-model/bundle/crc32c.ts";

export interface TableOptions {
  /** Whether keys are prefix-compressed. */
  readonly sharesPrefixes?: boolean;
  readonly entriesPerBlock?: number;
  /** The stored bytes and the type of a block. */
  readonly stored?: (block: Buffer) => readonly [Buffer, number];
}

/** An SSTable in leveldb's format, keys sorted. */
export function writtenTable(entries: ReadonlyMap<string, Uint8Array>, options: TableOptions = {}): Buffer {
  const { sharesPrefixes = true, entriesPerBlock = 2, stored = (block) => [block, 0] as const } = options;
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  const parts: Buffer[] = [];
  let offset = 0;
  const append = (contents: Buffer): readonly [number, number] => {
    const [bytes, type] = stored(contents);
    const checked = Buffer.concat([bytes, Buffer.of(type)]);
    const trailer = Buffer.alloc(4);
    trailer.writeUInt32LE(maskCrc32c(crc32c(checked)));
    const place = [offset, bytes.length] as const;
    parts.push(checked, trailer);
    offset += checked.length + 4;
    return place;
  };
  const index = new Map<string, Uint8Array>();
  for (let i = 0; i < sorted.length; i += entriesPerBlock) {
    const some = sorted.slice(i, i + entriesPerBlock);
    index.set(some.at(-1)?.[0] ?? "", Buffer.from(append(block(some, sharesPrefixes)).flatMap(varint)));
  }
  const meta = append(block([], false));
  const indexPlace = append(block([...index], false));
  const footer = Buffer.alloc(48);
  Buffer.from([...meta, ...indexPlace].flatMap(varint)).copy(footer);
  footer.writeBigUInt64LE(0xdb4775248b80fb57n, 40);
  return Buffer.concat([...parts, footer]);
}

function block(entries: readonly (readonly [string, Uint8Array])[], sharesPrefixes: boolean): Buffer {
  let before = "";
  const parts = entries.map(([key, value]) => {
    const shared = sharesPrefixes ? sharedLength(key, before) : 0;
    before = key;
    const rest = Buffer.from(key.slice(shared), "latin1");
    return Buffer.concat([Buffer.from([shared, rest.length, value.length].flatMap(varint)), rest, value]);
  });
  const restarts = Buffer.alloc(8);
  restarts.writeUInt32LE(1, 4);
  return Buffer.concat([...parts, restarts]);
}

function sharedLength(one: string, other: string): number {
  let length = 0;
  while (length < Math.min(one.length, other.length) && one[length] === other[length]) length++;
  return length;
}

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
}
