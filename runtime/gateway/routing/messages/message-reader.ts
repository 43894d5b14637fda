import { Buffer } from "node:buffer";
import type { Route, TableMessage } from "../../../contract/route-table.ts";
import { withOtherHostnames } from "../hosts.ts";
import { listElements, type ListElements } from "./list-elements.ts";

const lineFeed = 10;
/** How an operator of ours begins a whole table; any other line, and any other order of fields, is read in one piece. */
const fullHead = /^\{"type":"full","version":\d{1,15},"routes":\[/;
const fullHeadBytes = 64;

/**
 * Takes a stream apart into its messages, one JSON a line. A whole table of thousands of routes, megabytes of text, is read route
 * by route as it comes, and a route that is `known` as it is told stays the object that it was: neither the text nor all routes
 * twice are ever in memory. What the reader returns throws what `take` throws, and what JSON.parse does.
 */
export function messageReader(
  take: (message: TableMessage) => void,
  known: (key: string) => Route | undefined,
): (chunk: Buffer) => void {
  /** Of a line. */
  let begun: Buffer[] = [];
  /** How it begins has been looked at. */
  let isOpened = false;
  let full: FullTable | undefined;
  const ended = (last: Buffer): void => {
    const text = Buffer.concat([...begun, last]).toString();
    const table = full;
    begun = [];
    isOpened = false;
    full = undefined;
    const message: TableMessage = JSON.parse(table === undefined ? text : `${table.head}]${text}`);
    take(table === undefined || message.type !== "full" ? message : { ...message, routes: table.routes });
  };
  /** Reads on from there, and returns where it stopped. */
  const read = (bytes: Buffer, at: number): number => {
    if (full?.elements.isEnded === false) return full.elements.feed(bytes, at);
    const end = bytes.indexOf(lineFeed, at);
    if (end === -1) begun.push(bytes.subarray(at));
    else ended(bytes.subarray(at, end));
    return end === -1 ? bytes.length : end + 1;
  };
  /** Looks at how a line begins, and returns what has come of it from where it is to be read on. */
  const opened = (bytes: Buffer): Buffer => {
    const all = begun.length === 0 ? bytes : Buffer.concat([...begun, bytes]);
    begun = [];
    if (all.length < fullHeadBytes && !all.includes(lineFeed)) {
      begun.push(all);
      return all.subarray(all.length);
    }
    isOpened = true;
    const head = fullHead.exec(all.toString("latin1", 0, fullHeadBytes))?.[0];
    if (head !== undefined) full = fullTable(head, known);
    return all.subarray(head?.length ?? 0);
  };
  return (chunk) => {
    let bytes = chunk;
    for (let at = 0; at < bytes.length;) {
      if (!isOpened) {
        bytes = opened(bytes.subarray(at));
        at = 0;
      }
      if (bytes.length > 0) at = read(bytes, at);
    }
  };
}

/** Fields in another order make another route: that costs memory, and nothing else. */
function isSame(one: Route, other: Route): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A whole table that is being read. */
interface FullTable {
  /** What it began with. */
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
