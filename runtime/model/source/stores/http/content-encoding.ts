import { type Readable, pipeline } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import type { TransientFailure } from "../store.ts";

const decoders = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const;

/**
 * Decodes a body that a server encoded although the request forbade it; `undefined` when the body is the file itself. Servers also
 * set the header for archives that are gzip files themselves; the file's name tells them apart.
 */
export function decodedBody(
  body: Readable,
  encoding: string | undefined,
  name: string,
): Readable | TransientFailure | undefined {
  const coding = encoding?.trim().toLowerCase() ?? "identity";
  if (coding === "identity" || coding === "") return undefined;
  if (coding.endsWith("gzip") && /\.t?gz$/i.test(name)) return undefined;
  if (coding.endsWith("zstd") && /\.(?:zst|tzst)$/i.test(name)) return undefined;
  const decoder = Object.entries(decoders).find(([known]) => known === coding)?.[1];
  if (decoder !== undefined) return pipeline(body, decoder(), () => {}); // the reader of the decoder gets its errors
  body.on("error", () => {}).destroy();
  return { reason: `it sends the file encoded as ${JSON.stringify(coding)} although it was asked not to` };
}
