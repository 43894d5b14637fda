import { type Readable, pipeline } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import type { Setback } from "../store.ts";

const decoders = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const;

/**
 * The file of a body that a server encodes although it was asked not to; `undefined` when it is the file itself. Servers label
 * an archive that was packed with gzip as if they had packed it, which its name tells.
 */
export function decodedBody(
  body: Readable,
  encoding: string | undefined,
  name: string,
): Readable | Setback | undefined {
  const coding = encoding?.trim().toLowerCase() ?? "identity";
  if (coding === "identity" || coding === "") return undefined;
  if (coding.endsWith("gzip") && /\.t?gz$/i.test(name)) return undefined;
  if (coding.endsWith("zstd") && /\.(?:zst|tzst)$/i.test(name)) return undefined;
  const decoder = Object.entries(decoders).find(([known]) => known === coding)?.[1];
  if (decoder !== undefined) return pipeline(body, decoder(), () => {}); // its errors are the reader's to see
  body.on("error", () => {}).destroy();
  return { reason: `it sends the file encoded as ${JSON.stringify(coding)} although it was asked not to` };
}
