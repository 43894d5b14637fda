import { stat } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { checkDigest, fileDigest, normalDigest } from "./digest.ts";
import { faults } from "./faults.ts";
import { PartFile } from "./part-file.ts";
import { closeBody, inTime, paced } from "./timeouts.ts";
import { type PerseveranceLimits, perseverance } from "./retry-policy.ts";
import { certificateFault } from "./stores/certificates.ts";
import type { ResumePoint, Setback, SourceResponse, StoredFile } from "./stores/store.ts";

/** What a download may cost. */
export interface DownloadLimits extends PerseveranceLimits {
  readonly maxBytes: number;
  /** Longest wait for an answer, and for `minBytes` of it. */
  readonly stallMs: number;
}

/** A server below them is left, and asked again. */
export const defaultDownloadLimits: DownloadLimits = {
  maxBytes: 256 * 1024 ** 3,
  stallMs: 30_000,
  minBytes: 30 * 1024,
  firstByteMs: 3_000,
  maxIdleAttempts: 6,
  firstPauseMs: 500,
  longestPauseMs: 10_000,
};

/** What is fetched, to where, and who hears of it. */
export interface Download {
  readonly source: Pick<StoredFile, "shown" | "open">;
  /** File to write. It appears only when complete and of the right digest. */
  readonly target: string;
  readonly sha256?: string;
  readonly limits?: DownloadLimits;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Called after every chunk. */
  readonly onProgress?: (progress: { readonly bytes: number; readonly totalBytes: number | undefined }) => void;
  readonly onSetback?: (setback: Setback) => void;
}

/** A file that is complete and checked. */
export interface Downloaded {
  readonly path: string;
  readonly sizeBytes: number;
  /** `sha256:…` */
  readonly digest: string;
}

/** Downloads a model file, going on where a broken connection stopped. Throws a Fault; leaves nothing half-written. */
export async function download(order: Download): Promise<Downloaded> {
  const present = await alreadyThere(order);
  if (present !== undefined) return present;
  const part = await PartFile.create(order.target);
  try {
    await fill(part, order);
    const digest = part.digest();
    checkDigest(order.source.shown, digest, order.sha256);
    await part.publish();
    return { path: order.target, sizeBytes: part.sizeBytes, digest };
  } catch (thrown) {
    await part.discard();
    throw thrown;
  }
}

/** A restarted pod finds what it downloaded before. */
async function alreadyThere({ target, sha256 }: Download): Promise<Downloaded | undefined> {
  if (sha256 === undefined) return undefined;
  const facts = await stat(target).catch(() => undefined);
  if (facts?.isFile() !== true) return undefined;
  const digest = await fileDigest(target);
  return digest === normalDigest(sha256) ? { path: target, sizeBytes: facts.size, digest } : undefined;
}

async function fill(part: PartFile, order: Download): Promise<void> {
  const { source, limits = defaultDownloadLimits, clock, signal, onSetback } = order;
  const startedMs = clock.monotonic();
  const pauseAfter = perseverance(limits);
  let tag: string | undefined;
  for (let attempts = 1; ; attempts++) {
    const setback = await attempt(part, order, tag, (opened) => (tag = opened.tag));
    if (setback === undefined) return;
    const pauseMs = pauseAfter(setback, part.sizeBytes, clock.monotonic() - startedMs);
    if (signal?.aborted === true || pauseMs === undefined) {
      throw faults.SourceUnavailable({ url: source.shown, reason: setback.reason, attempts });
    }
    onSetback?.(setback);
    if (setback.startsAnew === true) tag = undefined;
    await clock.sleep(pauseMs, signal);
  }
}

/** One connection. `undefined`: the file is complete. */
async function attempt(
  part: PartFile,
  order: Download,
  tag: string | undefined,
  onOpen: (opened: SourceResponse) => void,
): Promise<Setback | undefined> {
  const { source, limits = defaultDownloadLimits, clock, signal } = order;
  try {
    const resume = { offset: part.sizeBytes, tag };
    const patience = { clock, forMs: limits.stallMs, signal };
    const opened = await inTime(patience, (signal) => source.open({ resume, signal }));
    if ("reason" in opened) return opened;
    const mismatch = restMismatch(opened, resume);
    if (mismatch !== undefined) {
      closeBody(opened.body);
      return { reason: mismatch, startsAnew: true };
    }
    onOpen(opened);
    if (opened.start === 0 && part.sizeBytes > 0) await part.restart();
    await copy(part, opened, order);
    const { totalBytes } = opened;
    if (totalBytes === undefined || part.sizeBytes === totalBytes) return undefined;
    if (part.sizeBytes > totalBytes) {
      return { reason: `${part.sizeBytes} bytes came where ${totalBytes} were announced`, startsAnew: true };
    }
    return { reason: `the connection ended after ${part.sizeBytes} of ${totalBytes} bytes` };
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    const refused = certificateFault(source.shown, thrown);
    if (refused !== undefined) throw refused;
    return { reason: wordsOf(thrown) };
  }
}

/** Why an answer cannot follow on what is there already. */
function restMismatch({ start, tag }: SourceResponse, resume: ResumePoint): string | undefined {
  if (start === 0) return undefined;
  if (start !== resume.offset) return `it answered with bytes from ${start} when asked for those from ${resume.offset}`;
  if (tag === undefined || resume.tag === undefined || tag === resume.tag) return undefined;
  // Of an entity tag and a date neither tells of the other.
  const areAlike = tag.startsWith('"') === resume.tag.startsWith('"');
  return areAlike ? `it has changed from ${resume.tag} to ${tag} meanwhile` : undefined;
}

/** A host of several addresses fails with an error for each of them, and no words of its own. */
function wordsOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return thrown.errors.map(wordsOf).join(", ");
  return thrown instanceof Error ? thrown.message : String(thrown);
}

async function copy(part: PartFile, { body, totalBytes }: SourceResponse, order: Download): Promise<void> {
  const { source, limits = defaultDownloadLimits, clock, onProgress } = order;
  const tooLarge = (sizeBytes: number | undefined): Fault =>
    faults.ModelTooLarge({ url: source.shown, sizeBytes, limitBytes: limits.maxBytes });
  if (totalBytes !== undefined && totalBytes > limits.maxBytes) {
    closeBody(body);
    throw tooLarge(totalBytes);
  }
  const { stallMs, minBytes } = limits;
  for await (const bytes of paced(body, { clock, stallMs, minBytes })) {
    if (part.sizeBytes + bytes.length > limits.maxBytes) throw tooLarge(undefined);
    await part.append(bytes);
    onProgress?.({ bytes: part.sizeBytes, totalBytes });
  }
}
