import { Buffer } from "node:buffer";

const lineFeed = 10;

/**
 * Takes a stream apart into lines. A table of thousands of routes is one line of megabytes: `node:readline` would copy and
 * search all that has come of it with each piece that comes.
 */
export function lineReader(take: (line: string) => void): (chunk: Buffer) => void {
  let begun: Buffer[] = [];
  return (chunk) => {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      const line = Buffer.concat([...begun, chunk.subarray(start, end)]);
      begun = [];
      start = end + 1;
      take(line.toString());
    }
    if (start < chunk.length) begun.push(chunk.subarray(start));
  };
}
