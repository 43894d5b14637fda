import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import type { Route } from "../../../contract/route-table.ts";

/** Version of the text below. A gateway reads no other: it outlives restarts of a container, seldom a change of its image. */
const version = 1;
const name = "modelwright-route-table";

/** Longer pieces would hold up requests while they are made. */
const pieceBytes = 64 * 1024;

/**
 * A table as a file has it, piece by piece: a line that says what it is, one line a route, and a line with their number and
 * the CRC-32 of all before it. What was cut off or damaged is told by the last line.
 */
export function* tablePieces(routes: Iterable<Route>): Generator<Buffer> {
  let crc = 0;
  let count = 0;
  let text = `${JSON.stringify({ file: name, version })}\n`;
  const piece = (): Buffer => {
    const bytes = Buffer.from(text);
    crc = crc32(bytes, crc);
    text = "";
    return bytes;
  };
  for (const route of routes) {
    text += `${JSON.stringify(route)}\n`;
    count += 1;
    if (text.length >= pieceBytes) yield piece();
  }
  yield piece();
  yield Buffer.from(`${JSON.stringify({ routes: count, crc32: crc })}\n`);
}

/** The routes of a file. Throws an `Error` whose message says what is wrong with it. */
export function tableRoutes(bytes: Buffer): readonly Route[] {
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

/** Of a line of JSON; none of one that is no object. */
function fields(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
