import { basename } from "node:path";
import { Agent, type Dispatcher, request } from "undici";
import { faults as modelFaults } from "../../faults.ts";
import { faults } from "../faults.ts";
import { type SourceUrl, redirectedUrl, sourceUrl } from "./http-url.ts";
import type { OpenOptions, ResumePoint, Setback, SourceResponse, Store } from "./store.ts";

/** One file of a web server. */
export function httpStore(text: string): Store {
  const source = sourceUrl(text);
  const path = basename(decodeURIComponent(source.url.pathname)) || "model";
  const file = {
    path,
    shown: source.shown,
    sizeBytes: undefined,
    open: (options: OpenOptions) => openSource(source, options),
  };
  return { shown: source.shown, files: () => Promise.resolve([file]), isFolder: false };
}

const redirects = new Set([301, 302, 303, 307, 308]);
const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
const longestRetryAfterMs = 30_000;
/** A server that is there takes a connection in less; behind a firewall nobody ever refuses one. */
const connectMs = 5_000;
const dispatcher = new Agent({ connect: { timeout: connectMs } });
const maxRedirects = 5;

/** Opens a URL, following redirects. Throws a Fault for what asking again cannot help; network errors pass through. */
async function openSource(source: SourceUrl, options: OpenOptions): Promise<SourceResponse | Setback> {
  const { stallMs, resume, signal } = options;
  let from = source;
  for (let hops = 0; ; hops++) {
    const response = await request(from.url, {
      method: "GET",
      dispatcher,
      headers: requestHeaders(from, resume),
      headersTimeout: stallMs,
      bodyTimeout: stallMs,
      ...(signal === undefined ? {} : { signal }),
    });
    const { location } = response.headers;
    if (!redirects.has(response.statusCode) || typeof location !== "string") {
      return await judged(from, response, resume);
    }
    await response.body.dump();
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

async function judged(
  source: SourceUrl,
  response: Dispatcher.ResponseData,
  resume: ResumePoint,
): Promise<SourceResponse | Setback> {
  const { statusCode: status, body } = response;
  if (status === 200) return { body, start: 0, totalBytes: lengthOf(response), tag: tagOf(response) };
  if (status === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(text(response.headers["content-range"]) ?? "") ?? [];
    if (Number(start) === resume.offset) {
      const totalBytes = total === undefined || total === "*" ? undefined : Number(total);
      return { body, start: resume.offset, totalBytes, tag: tagOf(response) };
    }
  }
  await body.dump();
  if (status === 404 || status === 410) throw modelFaults.ModelNotFound({ place: source.shown });
  if (status === 206 || passing.has(status)) {
    return { reason: `it answered ${status}`, ...retryAfter(response) };
  }
  throw faults.SourceRefused({ url: source.shown, status });
}

function retryAfter({ headers }: Dispatcher.ResponseData): { readonly afterMs?: number } {
  const seconds = Number(text(headers["retry-after"]));
  return Number.isFinite(seconds) ? { afterMs: Math.min(seconds * 1000, longestRetryAfterMs) } : {};
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
