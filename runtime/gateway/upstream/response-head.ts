import { notReadyHeader } from "../../contract/route-table.ts";

/** How the end of a body is known: by its bytes, by its last chunk, or by the end of the connection. */
export type Framing = number | "chunked" | "close";

/** Status line and headers of an answer. */
export interface ResponseHead {
  readonly status: number;
  /** Name, value, name, value …, without those that belong to the connection (RFC 9110 §7.6.1). */
  readonly headers: readonly string[];
  readonly framing: Framing;
  /** The connection may carry another request after this answer. */
  readonly keepsAlive: boolean;
  /** The pod loads its model: the header that says so is not among `headers`. */
  readonly isNotReady: boolean;
}

interface Reading {
  readonly headers: string[];
  lengthBytes: number | undefined;
  isChunked: boolean;
  isNotReady: boolean;
  connection: string;
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/;
/** RFC 9110 §5.6.2 and §5.5: what else stood there would mean something to whoever reads the answer next. */
const isToken = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const beyondText = /[^\t\x20-\x7e\x80-\xff]/;
const isLength = /^\d{1,15}$/;

/**
 * Reads a head as it came, without its empty line. Strict where two readers could see different ends of an answer (RFC 9112
 * §6.3): throws an `Error` whose message says what is wrong.
 */
export function responseHead(text: string, isAnswerToHead: boolean): ResponseHead {
  const firstEnd = lineEnd(text, 0);
  const [, minor, code] = statusLine.exec(text.slice(0, firstEnd)) ?? [];
  if (code === undefined) throw new Error(`it answers with ${JSON.stringify(text.slice(0, Math.min(firstEnd, 40)))}`);
  const reading: Reading = { headers: [], lengthBytes: undefined, isChunked: false, isNotReady: false, connection: "" };
  for (let start = firstEnd + 2; start < text.length;) {
    const end = lineEnd(text, start);
    readLine(reading, text.slice(start, end));
    start = end + 2;
  }
  const status = Number(code);
  const isBodiless = isAnswerToHead || status === 204 || status === 304 || status < 200;
  const framing = isBodiless ? 0 : framingOf(reading);
  const { connection, isNotReady } = reading;
  const isClosing = minor === "0" ? !connection.includes("keep-alive") : connection.includes("close");
  const keepsAlive = !isClosing && framing !== "close";
  return { status, headers: unnamed(reading), framing, keepsAlive, isNotReady };
}

/** Longest head that is kept, and how many of them: pods' answers differ by their length, and by a date that changes each second. */
const maxKeptChars = 1024;
const maxKept = 64;

/** Reads heads as `responseHead`; one that has come before, as most do, is not read again. */
export function responseHeadReader(): typeof responseHead {
  const kept = new Map<string, ResponseHead>();
  return (text, isAnswerToHead) => {
    if (isAnswerToHead || text.length > maxKeptChars) return responseHead(text, isAnswerToHead);
    const known = kept.get(text);
    if (known !== undefined) return known;
    const head = responseHead(text, isAnswerToHead);
    if (kept.size >= maxKept) kept.clear();
    kept.set(text, head);
    return head;
  };
}

function readLine(reading: Reading, line: string): void {
  const colon = line.indexOf(":");
  const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
  if (colon < 1 || !isToken.test(name) || beyondText.test(value))
    throw new Error(`its answer has the header ${JSON.stringify(line)}`);
  readHeader(reading, name, value);
}

function lineEnd(text: string, start: number): number {
  const end = text.indexOf("\r\n", start);
  return end === -1 ? text.length : end;
}

/** Names are told apart by their length first: most are none of these and need no copy in lower case. */
function readHeader(reading: Reading, name: string, value: string): void {
  switch (name.length) {
    case 2:
    case 7:
    case 18:
      if (isOfConnection.has(name.toLowerCase())) return;
      break;
    case 10:
    case 17:
    case notReadyHeader.length:
      if (readConnection(reading, name.toLowerCase(), value)) return;
      break;
    case 14:
      if (name.toLowerCase() === "content-length") readLength(reading, value);
      break;
  }
  reading.headers.push(name, value);
}

const isOfConnection = new Set(["te", "trailer", "upgrade", "proxy-authenticate"]);

/** True when the header ends here. */
function readConnection(reading: Reading, lower: string, value: string): boolean {
  switch (lower) {
    case "connection":
      reading.connection += `${value.toLowerCase()},`;
      return true;
    case "keep-alive":
      return true;
    case "transfer-encoding":
      if (value.toLowerCase() !== "chunked") throw new Error(`its answer has the transfer-encoding ${value}`);
      reading.isChunked = true;
      return true;
    case notReadyHeader:
      reading.isNotReady = true;
      return true;
  }
  return false;
}

function readLength(reading: Reading, value: string): void {
  const isOther = reading.lengthBytes !== undefined && reading.lengthBytes !== Number(value);
  if (!isLength.test(value) || isOther) throw new Error(`its answer has the content-length ${value}`);
  reading.lengthBytes = Number(value);
}

function framingOf({ isChunked, lengthBytes }: Reading): Framing {
  if (isChunked && lengthBytes !== undefined) throw new Error("its answer has a content-length and is chunked");
  return isChunked ? "chunked" : (lengthBytes ?? "close");
}

/** Without the headers that the connection header names. */
function unnamed({ headers, connection }: Reading): string[] {
  if (connection === "" || connection === "keep-alive," || connection === "close,") return headers;
  const named = new Set(connection.split(",").map((name) => name.trim()));
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = "", value = ""] = [headers[i], headers[i + 1]];
    if (!named.has(name.toLowerCase())) kept.push(name, value);
  }
  return kept;
}
