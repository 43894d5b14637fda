import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import type { Route } from "../../../contract/route-table.ts";

/** Version of the format. Gateways read no other: the file outlives restarts of a container, rarely a change of its image. */
const version = 1;
const name = "modelwright-route-table";

/** Encoding larger chunks would delay requests. */
const chunkBytes = 64 * 1024;

/**
 * Encodes a table in chunks: a header line, one line per route, and a last line with their number and the CRC-32 of everything
 * before it, which reveals truncation and damage.
 */
export function* tableChunks(routes: Iterable<Route>): Generator<Buffer> {
  let crc = 0;
  let count = 0;
  let text = `${JSON.stringify({ file: name, version })}\n`;
  const flush = (): Buffer => {
    const bytes = Buffer.from(text);
    crc = crc32(bytes, crc);
    text = "";
    return bytes;
  };
  for (const route of routes) {
    text += `${JSON.stringify(route)}\n`;
    count += 1;
    if (text.length >= chunkBytes) yield flush();
  }
  yield flush();
  yield Buffer.from(`${JSON.stringify({ routes: count, crc32: crc })}\n`);
}

/** Parses a table file. Throws an `Error` whose message says what is wrong with it. */
export function parsedTable(bytes: Buffer): readonly Route[] {
  const lastStart = bytes.lastIndexOf("\n", -2) + 1;
  const all = bytes.subarray(0, lastStart);
  const lines = all.toString().split("\n").slice(0, -1);
  const [first = "", ...rest] = lines;
  const head = fields(first);
  if (head["file"] !== name) throw new Error("it is no route table");
  if (head["version"] !== version)
    throw new Error(`it has version ${JSON.stringify(head["version"])}; ${version} is read`);
  const end = fields(bytes.toString("utf8", lastStart));
  if (end["routes"] !== rest.length || end["crc32"] !== crc32(all)) throw new Error("it is cut off or damaged");
  return rest.map((line): Route => JSON.parse(line));
}

/** The fields of a JSON line; empty if it is not an object. */
function fields(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
