import { basename } from "node:path";
import { type Dispatcher, request } from "undici";
import { faults as modelFaults } from "../../../faults.ts";
import { faults } from "../../faults.ts";
import { decodedBody } from "./content-encoding.ts";
import { dispatcherThrough } from "./proxy-agents.ts";
import { type SourceUrl, redirectedUrl, sourceUrl } from "./source-url.ts";
import type { Proxies } from "../proxies.ts";
import type { OpenOptions, ResumePoint, Setback, SourceResponse, Store } from "../store.ts";

/** One file of a web server. */
export function httpStore(text: string, proxies: Proxies): Store {
  const dispatcher = dispatcherThrough(proxies, waiting);
  const source = sourceUrl(text);
  const path = basename(decodeURIComponent(source.url.pathname)) || "model";
  const file = {
    path,
    shown: source.shown,
    sizeBytes: undefined,
    open: (options: OpenOptions) => openSource({ source, name: path, dispatcher }, options),
  };
  return { shown: source.shown, files: () => Promise.resolve([file]), isFolder: false };
}

const redirects = new Set([301, 302, 303, 307, 308]);
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
const longestRetryAfterMs = 30_000;
/** A server that is there takes a connection in less; behind a firewall nobody ever refuses one. */
const connectMs = 5_000;
/** How long an answer and its bytes may take is for who asks to say. */
const waiting = { connect: { timeout: connectMs }, headersTimeout: 0, bodyTimeout: 0 };
const maxRedirects = 5;

/** Opens a URL, following redirects. Throws a Fault for what asking again cannot help; network errors pass through. */
async function openSource(
  { source, name, dispatcher }: WebFile,
  { resume, signal }: OpenOptions,
): Promise<SourceResponse | Setback> {
  let from = source;
  for (let hops = 0; ; hops++) {
    const response = await request(from.url, {
      method: "GET",
      dispatcher,
      headers: requestHeaders(from, resume),
      ...(signal === undefined ? {} : { signal }),
    });
    const { location } = response.headers;
    if (!redirects.has(response.statusCode) || typeof location !== "string") {
      return judged(response, { source: from, name, resume });
    }
    drop(response);
    if (hops >= maxRedirects) {
      throw faults.RedirectRefused({ from: source.shown, reason: `more than ${maxRedirects} redirects` });
    }
    from = redirectedUrl(from, location);
  }
}

function requestHeaders({ authorization }: SourceUrl, { offset, tag }: ResumePoint): Record<string, string> {
  return {
    accept: "*/*",
    "accept-encoding": "identity",
    ...(authorization === undefined ? {} : { authorization }),
    ...(offset > 0 && tag !== undefined ? { range: `bytes=${offset}-`, "if-range": tag } : {}),
  };
}

interface WebFile {
  readonly source: SourceUrl;
  readonly name: string;
  readonly dispatcher: Dispatcher;
}

interface Asked {
  readonly source: SourceUrl;
  readonly name: string;
  readonly resume: ResumePoint;
}

function judged(response: Dispatcher.ResponseData, asked: Asked): SourceResponse | Setback {
  const { statusCode: status } = response;
  if (status === 200) return wholeFile(response, asked.name);
  const opened = status === 206 ? restOfFile(response) : undefined;
  if (opened !== undefined) return opened;
  drop(response);
  return refused(response, asked);
}

function wholeFile(response: Dispatcher.ResponseData, name: string): SourceResponse | Setback {
  const { body } = response;
  const decoded = decodedBody(body, text(response.headers["content-encoding"]), name);
  if (decoded === undefined) return { body, start: 0, totalBytes: lengthOf(response), tag: tagOf(response) };
  return "reason" in decoded ? decoded : { body: decoded, start: 0, totalBytes: undefined, tag: undefined };
}

/** `undefined`: it does not say which bytes these are. */
function restOfFile(response: Dispatcher.ResponseData): SourceResponse | undefined {
  const range = text(response.headers["content-range"]) ?? "";
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
  if (start === undefined) return undefined;
  const totalBytes = total === undefined || total === "*" ? undefined : Number(total);
  return { body: response.body, start: Number(start), totalBytes, tag: tagOf(response) };
}

function refused(response: Dispatcher.ResponseData, { source, resume }: Asked): Setback {
  const { statusCode: status } = response;
  if (status === 206 || status === 416) {
    const from = resume.offset === 0 ? "the whole file" : `the bytes from ${resume.offset}`;
    return { reason: `it answered ${status} when asked for ${from}`, startsAnew: true };
  }
  if (status === 404 || status === 410) throw modelFaults.ModelNotFound({ place: source.shown });
  if (passing.has(status)) return { reason: `it answered ${status}`, ...retryAfter(response) };
  throw faults.SourceRefused({ url: source.shown, status });
}

/** What nobody reads may be endless: the connection goes with it. */
function drop({ body }: Dispatcher.ResponseData): void {
  body.on("error", () => {}).destroy();
}

/** Seconds, or a date. */
function retryAfter({ headers }: Dispatcher.ResponseData): { readonly afterMs?: number } {
  const value = text(headers["retry-after"]) ?? "";
  const afterMs = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.parse(text(headers.date) ?? "");
  return afterMs > 0 ? { afterMs: Math.min(afterMs, longestRetryAfterMs) } : {};
}

function lengthOf({ headers }: Dispatcher.ResponseData): number | undefined {
  const length = text(headers["content-length"]);
  return length === undefined ? undefined : Number(length);
}

/** A strong entity tag, else the date: weak tags cannot name ranges. */
function tagOf({ headers }: Dispatcher.ResponseData): string | undefined {
  const tag = text(headers.etag);
  return tag === undefined || tag.startsWith("W/") ? text(headers["last-modified"]) : tag;
}

function text(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" ? header : header?.[0];
}
