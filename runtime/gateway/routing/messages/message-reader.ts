import { Buffer } from "node:buffer";
import type { Route, TableMessage } from "../../../contract/route-table.ts";
import { withOtherHostnames } from "../hosts.ts";
import { listElements, type ListElements } from "./list-elements.ts";

const lineFeed = 10;
/** Start of a full table as our operator writes it; other lines, and other orders of fields, are parsed in one piece. */
const fullHead = /^\{"type":"full","version":\d{1,15},"routes":\[/;
const fullHeadBytes = 64;

/**
 * Returns a function that parses chunks of a stream into messages, one JSON per line. A full table of thousands of routes, megabytes
 * of text, is parsed route by route as it arrives, and a route that equals the `known` one is replaced by it, so that neither the
 * whole text nor all routes twice are ever in memory. The function throws what `take` throws, and what JSON.parse does.
 */
export function messageReader(
  take: (message: TableMessage) => void,
  known: (key: string) => Route | undefined,
): (chunk: Buffer) => void {
  /** Start of the current line. */
  let partial: Buffer[] = [];
  /** The start of the line was checked for a full table. */
  let isChecked = false;
  let full: FullTable | undefined;
  const finish = (last: Buffer): void => {
    const text = Buffer.concat([...partial, last]).toString();
    const table = full;
    partial = [];
    isChecked = false;
    full = undefined;
    const message: TableMessage = JSON.parse(table === undefined ? text : `${table.head}]${text}`);
    take(table === undefined || message.type !== "full" ? message : { ...message, routes: table.routes });
  };
  /** Reads from `at` on. Returns where it stopped. */
  const read = (bytes: Buffer, at: number): number => {
    if (full?.elements.isEnded === false) return full.elements.feed(bytes, at);
    const end = bytes.indexOf(lineFeed, at);
    if (end === -1) partial.push(bytes.subarray(at));
    else finish(bytes.subarray(at, end));
    return end === -1 ? bytes.length : end + 1;
  };
  /** Checks the start of a line for a full table. Returns the received bytes that are still to be read. */
  const check = (bytes: Buffer): Buffer => {
    const all = partial.length === 0 ? bytes : Buffer.concat([...partial, bytes]);
    partial = [];
    if (all.length < fullHeadBytes && !all.includes(lineFeed)) {
      partial.push(all);
      return all.subarray(all.length);
    }
    isChecked = true;
    const head = fullHead.exec(all.toString("latin1", 0, fullHeadBytes))?.[0];
    if (head !== undefined) full = fullTable(head, known);
    return all.subarray(head?.length ?? 0);
  };
  return (chunk) => {
    let bytes = chunk;
    for (let at = 0; at < bytes.length;) {
      if (!isChecked) {
        bytes = check(bytes.subarray(at));
        at = 0;
      }
      if (bytes.length > 0) at = read(bytes, at);
    }
  };
}

/** Fields in another order count as a difference, which costs only memory. */
function isSame(one: Route, other: Route): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A full table that is being read. */
interface FullTable {
  /** Its text up to the list of routes. */
  readonly head: string;
  readonly routes: Route[];
  readonly elements: ListElements;
}

function fullTable(head: string, known: (key: string) => Route | undefined): FullTable {
  const routes: Route[] = [];
  const elements = listElements((text) => {
    const route = withOtherHostnames(JSON.parse(text));
    const before = known(route.key);
    routes.push(before !== undefined && isSame(route, before) ? before : route);
  });
  return { head, routes, elements };
}
