import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip, inflate, zstdDecompress } from "node:zlib";
import type { Clock } from "../base/clock.ts";
import type { Fault } from "../base/fault.ts";
import { bodyParts } from "./body-parts.ts";
import { faults } from "./faults.ts";

/** What a request body may be. */
export interface BodyLimits {
  /** Largest body, before and after decompression. */
  readonly maxBytes: number;
  /** A body that comes more slowly than this over any `paceMs` is refused. */
  readonly minBytesPerSecond: number;
  readonly paceMs: number;
  /** What all bodies that are coming in may take together; absent: nobody counts. */
  readonly budget?: BodyBudget;
}

/** Bytes that may still come in: each body takes its own while it comes, and gives them back when it has come. */
export interface BodyBudget {
  leftBytes: number;
}

/** `spec.serving.limits.bodyBytes` when absent: 64 MiB. */
export const defaultBodyLimits: BodyLimits = {
  maxBytes: 64 * 1024 * 1024,
  minBytesPerSecond: 1024,
  paceMs: 10_000,
};

const inflaters = { gzip: promisify(gunzip), deflate: promisify(inflate), zstd: promisify(zstdDecompress) } as const;

/** Reads a whole body, decompressed. Throws a Fault of this folder's catalogue. */
export async function readBody(request: IncomingMessage, limits: BodyLimits, clock: Clock): Promise<Buffer> {
  const encoding = contentEncoding(request.headers["content-encoding"]);
  const declared = request.headers["content-length"];
  if (declared !== undefined && Number(declared) > limits.maxBytes) {
    throw faults.BodyTooLarge({ limitBytes: limits.maxBytes, sizeBytes: Number(declared) });
  }
  // A body that came along with its header is parsed by the end of this turn: it needs nobody to listen and watch.
  await Promise.resolve();
  const body = request.complete ? arrived(request, limits) : await collected(request, limits, clock);
  return encoding === "identity" ? body : await inflated(body, encoding, limits.maxBytes);
}

function arrived(request: IncomingMessage, { maxBytes }: BodyLimits): Buffer {
  const body: unknown = request.read();
  if (!Buffer.isBuffer(body)) return Buffer.alloc(0);
  if (body.length > maxBytes) throw faults.BodyTooLarge({ limitBytes: maxBytes, sizeBytes: undefined });
  return body;
}

/** How a body is packed. */
export type ContentEncoding = keyof typeof inflaters | "identity";

/** Reads a `Content-Encoding`; absent: `identity`. Throws `EncodingUnsupported`. */
function contentEncoding(header: string | undefined): ContentEncoding {
  const encoding = (header ?? "identity").trim().toLowerCase();
  if (encoding === "x-gzip") return "gzip";
  if (encoding === "identity" || isInflatable(encoding)) return encoding;
  throw faults.EncodingUnsupported({ encoding });
}

function isInflatable(encoding: string): encoding is keyof typeof inflaters {
  return Object.hasOwn(inflaters, encoding);
}

function collected(request: IncomingMessage, limits: BodyLimits, clock: Clock): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const refuse = (fault: Fault): void => {
    stop();
    reject(fault);
  };
  const declared = request.headers["content-length"];
  const parts = bodyParts(limits, clock, {
    refuse,
    ...(declared === undefined ? {} : { announcedBytes: Number(declared) }),
  });
  const onData = (chunk: Buffer): void => parts.take(chunk);
  const onEnd = (): void => {
    stop();
    resolve(parts.end());
  };
  const onClose = (): void => {
    stop();
    parts.end();
    reject(faults.ClientGone({}));
  };
  const stop = (): void => void request.off("data", onData).off("end", onEnd).off("close", onClose);
  request.on("data", onData).on("end", onEnd).on("close", onClose);
  return promise;
}

/** Unpacks a body. Rejects with `BodyTooLarge` or `BodyUndecodable`. */
async function inflated(body: Buffer, encoding: keyof typeof inflaters, maxBytes: number): Promise<Buffer> {
  try {
    return await inflaters[encoding](body, { maxOutputLength: maxBytes });
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw faults.BodyTooLarge({ limitBytes: maxBytes, sizeBytes: undefined }, thrown);
    }
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw faults.BodyUndecodable({ encoding, reason }, thrown);
  }
}
