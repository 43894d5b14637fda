/** Decodes a chunked body (RFC 9112 §7.1). */
export interface ChunkedBody {
  /**
   * Decodes bytes and calls `data` with views of the content. True when the body has ended; `rest()` of the bytes followed it.
   * Throws an `Error` when the bytes are not a chunked body.
   */
  readonly feed: (bytes: Buffer, data: (view: Buffer) => void) => boolean;
  /** Number of bytes behind the end. */
  readonly rest: () => number;
}

/** Longest chunk-size line with extensions, and largest trailer section: nobody sends long ones. */
const maxLineBytes = 4096;
const isSize = /^[0-9a-f]{1,12}[\t ]*(;.*)?$/i;

type State = "size" | "data" | "data end" | "trailer" | "done";

export function chunkedBody(): ChunkedBody {
  let state: State = "size";
  let line = "";
  let left = 0;
  let trailerBytes = 0;
  let rest = 0;

  const lineDone = (): void => {
    if (state === "data end") {
      if (line !== "") throw new Error("a chunk of its answer is longer than it says");
      state = "size";
    } else if (state === "trailer") {
      if (line === "") state = "done";
    } else {
      if (!isSize.test(line)) throw new Error(`its answer has the chunk size ${JSON.stringify(line.slice(0, 40))}`);
      left = Number.parseInt(line, 16);
      state = left === 0 ? "trailer" : "data";
    }
    line = "";
  };
  /** Reads the rest of a line; returns where to continue. */
  const readLine = (bytes: Buffer, at: number): number => {
    const feedAt = bytes.indexOf(10, at);
    const end = feedAt === -1 ? bytes.length : feedAt;
    line += bytes.toString("latin1", at, end);
    if (state === "trailer") trailerBytes += end - at;
    if (line.length > maxLineBytes || trailerBytes > maxLineBytes)
      throw new Error("a chunk of its answer has a long head");
    if (feedAt === -1) return end;
    if (!line.endsWith("\r")) throw new Error("a line of its chunked answer ends without CR");
    line = line.slice(0, -1);
    lineDone();
    return feedAt + 1;
  };
  return {
    rest: () => rest,
    feed(bytes, data) {
      let at = 0;
      while (at < bytes.length && state !== "done") {
        if (state !== "data") {
          at = readLine(bytes, at);
          continue;
        }
        const end = Math.min(bytes.length, at + left);
        data(bytes.subarray(at, end));
        left -= end - at;
        at = end;
        if (left === 0) state = "data end";
      }
      rest = bytes.length - at;
      return state === "done";
    },
  };
}
