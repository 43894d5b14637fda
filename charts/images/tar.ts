import { readFile } from "node:fs/promises";

/** An entry of a tar archive. All entries belong to root and are dated 1970-01-01, so the same tree gives the same bytes. */
export type TarEntry =
  | { readonly kind: "folder"; readonly path: string; readonly mode?: number }
  | {
      readonly kind: "file";
      /** Relative path in the archive. */
      readonly path: string;
      readonly content: Content;
      readonly isExecutable?: boolean;
    };

/** Bytes, the path of a file, or pieces that add up to a known size. */
export type Content =
  | Uint8Array
  | { readonly file: string }
  | { readonly sizeBytes: number; readonly pieces: () => AsyncIterable<Uint8Array> };

const blockBytes = 512;
/** Longest name that a ustar header holds; longer ones go to a pax record before it. */
const longestName = 100;

/** Generates the archive in pieces (POSIX ustar with pax records). */
export async function* tar(entries: readonly TarEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    if (entry.kind === "folder") {
      yield header({ path: `${entry.path}/`, mode: entry.mode ?? 0o755, sizeBytes: 0, type: "5" });
      continue;
    }
    const { sizeBytes, pieces } = await opened(entry.content);
    const mode = entry.isExecutable === true ? 0o755 : 0o644;
    yield header({ path: entry.path, mode, sizeBytes, type: "0" });
    yield* pieces();
    yield padding(sizeBytes);
  }
  yield new Uint8Array(2 * blockBytes);
}

async function opened(content: Content): Promise<Extract<Content, { readonly sizeBytes: number }>> {
  if ("sizeBytes" in content) return content;
  const bytes = content instanceof Uint8Array ? content : await readFile(content.file);
  return {
    sizeBytes: bytes.byteLength,
    async *pieces() {
      yield bytes;
    },
  };
}

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly type: "0" | "5" | "x";
}

function header(fields: Header): Uint8Array {
  if (Buffer.byteLength(fields.path) <= longestName) return ustarHeader(fields);
  const record = Buffer.from(paxRecord("path", fields.path));
  const pax = ustarHeader({ path: "pax", mode: 0o644, sizeBytes: record.byteLength, type: "x" });
  return Buffer.concat([pax, record, padding(record.byteLength), ustarHeader({ ...fields, path: "long" })]);
}

function ustarHeader({ path, mode, sizeBytes, type }: Header): Uint8Array {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, "0")}\0`;
  block.write(path, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108); // uid
  block.write(octal(0, 7), 116); // gid
  block.write(octal(sizeBytes, 11), 124);
  block.write(octal(0, 11), 136); // mtime
  block.write(" ".repeat(8), 148); // the checksum is computed with spaces in its place
  block.write(type, 156);
  block.write("ustar\x0000", 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${octal(checksum, 6)} `, 148);
  return block;
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const restBytes = Buffer.byteLength(rest);
  const lengthBytes = String(restBytes + String(restBytes).length).length;
  return `${restBytes + lengthBytes}${rest}`;
}

function padding(sizeBytes: number): Uint8Array {
  return new Uint8Array((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}
