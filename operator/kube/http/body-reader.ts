/** Reads one body from pieces as they come. */
export interface BodyReader {
  /** Takes from a piece what belongs to the body; how much that was, undefined while there is more to come. */
  take(piece: Buffer): number | undefined;
}

/** Told each part of a body, in the memory of the piece that it came in. */
export type OnPart = (part: Buffer) => void;

/** A body of this many bytes. */
export function sizedBody(sizeBytes: number, onPart: OnPart): BodyReader {
  let missing = sizeBytes;
  return {
    take(piece) {
      const used = Math.min(missing, piece.length);
      missing -= used;
      if (used > 0) onPart(used === piece.length ? piece : piece.subarray(0, used));
      return missing === 0 ? used : undefined;
    },
  };
}

/** A body that ends with its connection. */
export function openBody(onPart: OnPart): BodyReader {
  return {
    take(piece) {
      if (piece.length > 0) onPart(piece);
      return undefined;
    },
  };
}

/** Longer than a chunk's size with an extension, or a trailer, has reason to be. */
const maxLineLength = 16_384;

/** A body of chunks (RFC 9112, 7.1). Extensions and trailers are read over. */
export function chunkedBody(onPart: OnPart): BodyReader {
  let isBegun = false;
  let line = "";
  let missing = 0;
  let isInTrailers = false;
  /** What a whole line leads to; true when it was the last one. */
  const follow = (): boolean => {
    const text = line;
    line = "";
    if (isInTrailers) return text === "";
    // The end of the line that data stands on.
    if (text === "" && isBegun) return false;
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;|$)/i.exec(text)?.[1];
    if (size === undefined) throw new Error("a chunk of the response has no size");
    missing = Number.parseInt(size, 16);
    isInTrailers = missing === 0;
    return false;
  };
  /** Passes on what belongs to the chunk; where that ends. */
  const passData = (piece: Buffer, begin: number): number => {
    const part = piece.subarray(begin, begin + missing);
    isBegun = true;
    missing -= part.length;
    onPart(part);
    const end = begin + part.length;
    return missing === 0 && areLineEnd(piece, end) ? end + 2 : end;
  };
  return {
    take(piece) {
      for (let at = 0; at < piece.length;) {
        if (missing > 0) {
          at = passData(piece, at);
          continue;
        }
        const plain = line === "" && !isInTrailers ? plainSize(piece, at) : undefined;
        if (plain !== undefined) {
          missing = plain.size;
          at = plain.end;
          continue;
        }
        const lineEnd = piece.indexOf("\n", at);
        line += piece.toString("latin1", at, lineEnd === -1 ? piece.length : lineEnd);
        if (line.length > maxLineLength) throw new Error("a chunk of the response has no size");
        if (lineEnd === -1) return undefined;
        at = lineEnd + 1;
        line = line.replace(/\r$/, "");
        if (follow()) return at;
      }
      return undefined;
    },
  };
}

/** More are no size that there is. */
const maxDigits = 12;

/** A size that stands on its line alone and not at its end: read without making texts. Undefined of any other line, the last chunk's included. */
function plainSize(piece: Buffer, begin: number): { readonly size: number; readonly end: number } | undefined {
  let size = 0;
  let at = begin;
  for (let digit = hexDigit(piece[at]); digit >= 0 && at < begin + maxDigits; digit = hexDigit(piece[at])) {
    size = size * 16 + digit;
    at += 1;
  }
  return size > 0 && areLineEnd(piece, at) ? { size, end: at + 2 } : undefined;
}

/** -1 of what is none. */
function hexDigit(code = 0): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function areLineEnd(piece: Buffer, at: number): boolean {
  return piece[at] === 13 && piece[at + 1] === 10;
}
