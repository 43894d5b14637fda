import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, inflate, zstdDecompress } from "node:zlib";
import type { Clock } from "../base/clock.ts";
import { errorText, type Fault } from "../base/fault.ts";
import { bodyCollector } from "./body-collector.ts";
import { faults } from "./faults.ts";

/** Limits of a request body. */
export interface BodyLimits {
  /** Largest body, before and after decompression. */
  readonly maxBytes: number;
  /** A body that arrives more slowly than this over any `paceMs` is refused. */
  readonly minBytesPerSecond: number;
  readonly paceMs: number;
  /** Shared memory of all bodies being received; absent: unlimited. */
  readonly budget?: BodyBudget;
}

/** Bytes left for bodies being received: each takes its bytes while it arrives, and returns them when it is complete. */
export interface BodyBudget {
  leftBytes: number;
}

/** `spec.serving.limits.bodyBytes` when absent: 64 MiB. */
export const defaultBodyLimits: BodyLimits = {
  maxBytes: 64 * 1024 * 1024,
  minBytesPerSecond: 1024,
  paceMs: 10_000,
};

const decompressors = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  zstd: promisify(zstdDecompress),
} as const;

/** Reads and decompresses a whole body. Throws a fault of this folder's catalogue. */
export async function readBody(request: IncomingMessage, limits: BodyLimits, clock: Clock): Promise<Buffer> {
  const encoding = contentEncoding(request.headers["content-encoding"]);
  const declared = request.headers["content-length"];
  if (declared !== undefined && Number(declared) > limits.maxBytes) {
    throw faults.BodyTooLarge({ limitBytes: limits.maxBytes, sizeBytes: Number(declared) });
  }
  // A body that arrived with its header is parsed by the end of this turn, and needs no listeners and pace check.
  await Promise.resolve();
  const body = request.complete ? alreadyReceived(request, limits) : await collected(request, limits, clock);
  return encoding === "identity" ? body : await decompressed(body, encoding, limits.maxBytes);
}

function alreadyReceived(request: IncomingMessage, { maxBytes }: BodyLimits): Buffer {
  const body: unknown = request.read();
  if (!Buffer.isBuffer(body)) return Buffer.alloc(0);
  if (body.length > maxBytes) throw faults.BodyTooLarge({ limitBytes: maxBytes, sizeBytes: undefined });
  return body;
}

/** Compression of a body. */
export type ContentEncoding = keyof typeof decompressors | "identity";

/** Parses `Content-Encoding`; absent: `identity`. Throws `EncodingUnsupported`. */
function contentEncoding(header: string | undefined): ContentEncoding {
  const encoding = (header ?? "identity").trim().toLowerCase();
  if (encoding === "x-gzip") return "gzip";
  if (encoding === "identity" || isCompressed(encoding)) return encoding;
  throw faults.EncodingUnsupported({ encoding });
}

function isCompressed(encoding: string): encoding is keyof typeof decompressors {
  return Object.hasOwn(decompressors, encoding);
}

function collected(request: IncomingMessage, limits: BodyLimits, clock: Clock): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const refuse = (fault: Fault): void => {
    stop();
    reject(fault);
  };
  const declared = request.headers["content-length"];
  const collector = bodyCollector(limits, clock, {
    refuse,
    ...(declared === undefined ? {} : { announcedBytes: Number(declared) }),
  });
  const onData = (chunk: Buffer): void => collector.take(chunk);
  const onEnd = (): void => {
    stop();
    resolve(collector.end());
  };
  const onClose = (): void => {
    stop();
    collector.end();
    reject(faults.ClientGone({}));
  };
  const stop = (): void => void request.off("data", onData).off("end", onEnd).off("close", onClose);
  request.on("data", onData).on("end", onEnd).on("close", onClose);
  return promise;
}

/** Decompresses a body. Rejects with `BodyTooLarge` or `BodyUndecodable`. */
async function decompressed(body: Buffer, encoding: keyof typeof decompressors, maxBytes: number): Promise<Buffer> {
  try {
    return await decompressors[encoding](body, { maxOutputLength: maxBytes });
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw faults.BodyTooLarge({ limitBytes: maxBytes, sizeBytes: undefined }, thrown);
    }
    const reason = errorText(thrown);
    throw faults.BodyUndecodable({ encoding, reason }, thrown);
  }
}
