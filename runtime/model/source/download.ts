import { stat } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { checkDigest, fileDigest, normalDigest } from "./digest.ts";
import { faults } from "./faults.ts";
import { PartFile } from "./part-file.ts";
import type { Setback, SourceResponse, StoredFile } from "./stores/store.ts";

/** What a download may cost. */
export interface DownloadLimits {
  readonly maxBytes: number;
  /** Longest wait for the next byte. */
  readonly stallMs: number;
  /**
   * How long the first byte is tried for. Short: the status of a pod can tell why only once the program has ended, and the
   * next start of the container loses nothing.
   */
  readonly firstByteMs: number;
  /** Attempts in a row that bring no further byte. */
  readonly maxIdleAttempts: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const defaultDownloadLimits: DownloadLimits = {
  maxBytes: 256 * 1024 ** 3,
  stallMs: 30_000,
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
  let tag: string | undefined;
  let idle = 0;
  for (let attempts = 1; ; attempts++) {
    const before = part.sizeBytes;
    const setback = await attempt(part, order, tag, (opened) => (tag = opened.tag));
    if (setback === undefined) return;
    idle = part.sizeBytes > before ? 1 : idle + 1;
    const pauseMs = setback.afterMs ?? Math.min(limits.firstPauseMs * 2 ** (idle - 1), limits.longestPauseMs);
    const isHopeless =
      part.sizeBytes === 0
        ? clock.monotonic() + pauseMs - startedMs > limits.firstByteMs
        : idle >= limits.maxIdleAttempts;
    if (signal?.aborted === true || isHopeless) {
      throw faults.SourceUnavailable({ url: source.shown, reason: setback.reason, attempts });
    }
    onSetback?.(setback);
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
  const { source, limits = defaultDownloadLimits, signal } = order;
  try {
    const resume = { offset: part.sizeBytes, tag };
    const opened = await source.open({ resume, stallMs: limits.stallMs, signal });
    if ("reason" in opened) return opened;
    onOpen(opened);
    if (opened.start === 0 && part.sizeBytes > 0) await part.restart();
    await copy(part, opened, order);
    const { totalBytes } = opened;
    if (totalBytes === undefined || part.sizeBytes === totalBytes) return undefined;
    return { reason: `the connection ended after ${part.sizeBytes} of ${totalBytes} bytes` };
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    return { reason: wordsOf(thrown) };
  }
}

/** A host of several addresses fails with an error for each of them, and no words of its own. */
function wordsOf(thrown: unknown): string {
  if (thrown instanceof AggregateError) return thrown.errors.map(wordsOf).join(", ");
  return thrown instanceof Error ? thrown.message : String(thrown);
}

async function copy(part: PartFile, { body, totalBytes }: SourceResponse, order: Download): Promise<void> {
  const { source, limits = defaultDownloadLimits, onProgress } = order;
  const tooLarge = (sizeBytes: number | undefined): Fault =>
    faults.ModelTooLarge({ url: source.shown, sizeBytes, limitBytes: limits.maxBytes });
  if (totalBytes !== undefined && totalBytes > limits.maxBytes) {
    await body[Symbol.asyncIterator]().return?.();
    throw tooLarge(totalBytes);
  }
  for await (const bytes of body) {
    if (part.sizeBytes + bytes.length > limits.maxBytes) throw tooLarge(undefined);
    await part.append(bytes);
    onProgress?.({ bytes: part.sizeBytes, totalBytes });
  }
}
