import { Buffer } from "node:buffer";

/** An incremental reader of the objects in a JSON list. */
export interface ListElements {
  /** The closing bracket was read. */
  readonly isEnded: boolean;
  /** Reads from `at` on. Returns where it stopped: behind the list's end, or at the end of `bytes`. */
  readonly feed: (bytes: Buffer, at: number) => number;
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

/** Bytes that may start or end a token; all others are skipped. */
const marks = new Uint8Array(256);
for (const mark of [quote, backslash, openBrace, closeBrace, closeBracket]) marks[mark] = 1;

/** Starts behind the opening bracket. `take` is called with the text of each object; other elements are skipped. */
export function listElements(take: (text: string) => void): ListElements {
  let chunks: Buffer[] = [];
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let isEnded = false;
  /** Advances by one byte. True if an object or the list ends with it. */
  const ends = (byte: number): boolean => {
    if (inString) {
      if (isEscaped) isEscaped = false;
      else if (byte === backslash) isEscaped = true;
      else if (byte === quote) inString = false;
      return false;
    }
    if (byte === quote) inString = true;
    else if (byte === openBrace) depth += 1;
    else if (byte === closeBrace) {
      depth -= 1;
      return depth === 0;
    } else if (byte === closeBracket && depth === 0) {
      isEnded = true;
      return true;
    }
    return false;
  };
  const complete = (last: Buffer): void => {
    const all = chunks.length === 0 ? last : Buffer.concat([...chunks, last]);
    chunks = [];
    take(all.toString());
  };
  return {
    get isEnded() {
      return isEnded;
    },
    feed: (bytes, at) => {
      let start = depth > 0 ? at : -1;
      for (let i = at; i < bytes.length; i += 1) {
        const byte = bytes[i] ?? 0;
        if (marks[byte] === 0 && !isEscaped) continue;
        if (start === -1 && byte === openBrace && !inString) start = i;
        if (!ends(byte)) continue;
        if (isEnded) return i + 1;
        complete(bytes.subarray(start, i + 1));
        start = -1;
      }
      if (start !== -1) chunks.push(Buffer.from(bytes.subarray(start)));
      return bytes.length;
    },
  };
}
