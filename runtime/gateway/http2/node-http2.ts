import type * as http2 from "node:http2";

/** `node:http2`, loaded when the first client speaks it: it takes 10 MB, which many gateways never need. */
export function nodeHttp2(): typeof http2 {
  return process.getBuiltinModule("node:http2");
}

/** Why a stream or connection ends (RFC 9113 §7). */
export const errorCodes = { noError: 0, internalError: 2, refusedStream: 7, cancel: 8 } as const;

/** Of a frame: its sender sends no more on the stream. */
export const endStreamFlag = 1;
