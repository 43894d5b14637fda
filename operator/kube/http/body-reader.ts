/** Reads one body from a sequence of pieces. */
export interface BodyReader {
  /** Consumes a piece. Returns how many of its bytes belong to the body when that ends in it, else undefined. */
  take(piece: Buffer): number | undefined;
}

/** Receives each part of a body; a part shares the memory of its piece. */
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
export function bodyUntilClose(onPart: OnPart): BodyReader {
  return {
    take(piece) {
      if (piece.length > 0) onPart(piece);
      return undefined;
    },
  };
}

/** Limit for a chunk-size line with extensions, or a trailer. */
const maxLineLength = 16_384;

/** A chunked body (RFC 9112, 7.1). Extensions and trailers are ignored. */
export function chunkedBody(onPart: OnPart): BodyReader {
  let hasData = false;
  let line = "";
  let missing = 0;
  let isInTrailers = false;
  /** Evaluates a complete line; true when it was the last one. */
  const endLine = (): boolean => {
    const text = line;
    line = "";
    if (isInTrailers) return text === "";
    // The line end behind a chunk's data.
    if (text === "" && hasData) return false;
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;|$)/i.exec(text)?.[1];
    if (size === undefined) throw new Error("a chunk of the response has no valid size");
    missing = Number.parseInt(size, 16);
    isInTrailers = missing === 0;
    return false;
  };
  /** Passes on the chunk's data from `begin` and returns its end in the piece. */
  const passData = (piece: Buffer, begin: number): number => {
    const part = piece.subarray(begin, begin + missing);
    hasData = true;
    missing -= part.length;
    onPart(part);
    const end = begin + part.length;
    return missing === 0 && isLineEnd(piece, end) ? end + 2 : end;
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
        if (line.length > maxLineLength) throw new Error("a chunk of the response has no valid size");
        if (lineEnd === -1) return undefined;
        at = lineEnd + 1;
        line = line.replace(/\r$/, "");
        if (endLine()) return at;
      }
      return undefined;
    },
  };
}

/** More hex digits than any real size has. */
const maxDigits = 12;

/** Fast path: a size without extension whose line end is in the same piece. Undefined for any other line and for the last chunk. */
function plainSize(piece: Buffer, begin: number): { readonly size: number; readonly end: number } | undefined {
  let size = 0;
  let at = begin;
  for (let digit = hexDigit(piece[at]); digit >= 0 && at < begin + maxDigits; digit = hexDigit(piece[at])) {
    size = size * 16 + digit;
    at += 1;
  }
  return size > 0 && isLineEnd(piece, at) ? { size, end: at + 2 } : undefined;
}

/** The value of a hex digit, else -1. */
function hexDigit(code = 0): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function isLineEnd(piece: Buffer, at: number): boolean {
  return piece[at] === 13 && piece[at + 1] === 10;
}
