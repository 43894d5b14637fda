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
  return {
    take(piece) {
      for (let at = 0; at < piece.length;) {
        if (missing > 0) {
          const end = Math.min(piece.length, at + missing);
          const part = piece.subarray(at, end);
          isBegun = true;
          missing -= part.length;
          at = end;
          onPart(part);
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
