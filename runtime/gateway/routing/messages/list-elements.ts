import { Buffer } from "node:buffer";

/** The objects of a JSON list, as they come. */
export interface ListElements {
  /** The list's closing bracket was read. */
  readonly isEnded: boolean;
  /** Reads on from there, and returns where it stopped: behind the list's end, or at the end of what there is. */
  readonly feed: (bytes: Buffer, at: number) => number;
}

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

/** Bytes that may end something, or begin it; all others are passed over. */
const marks = new Uint8Array(256);
for (const mark of [quote, backslash, openBrace, closeBrace, closeBracket]) marks[mark] = 1;

/** From behind the list's opening bracket. `take` gets the text of each object; what else the list has is passed over. */
export function listElements(take: (text: string) => void): ListElements {
  let pieces: Buffer[] = [];
  let depth = 0;
  let isText = false;
  let isEscaped = false;
  let isEnded = false;
  /** Whether an object or the list ends with this byte. */
  const ends = (byte: number): boolean => {
    if (isText) {
      if (isEscaped) isEscaped = false;
      else if (byte === backslash) isEscaped = true;
      else if (byte === quote) isText = false;
      return false;
    }
    if (byte === quote) isText = true;
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
    const all = pieces.length === 0 ? last : Buffer.concat([...pieces, last]);
    pieces = [];
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
        if (start === -1 && byte === openBrace && !isText) start = i;
        if (!ends(byte)) continue;
        if (isEnded) return i + 1;
        complete(bytes.subarray(start, i + 1));
        start = -1;
      }
      if (start !== -1) pieces.push(Buffer.from(bytes.subarray(start)));
      return bytes.length;
    },
  };
}
