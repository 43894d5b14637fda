import { Buffer } from "node:buffer";

/** Frame types (RFC 9113 §6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Frame flags; `ack` is used in SETTINGS and PING, where `endStream` has no meaning. */
export const flags = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Error codes of streams and connections (RFC 9113 §7). */
export const errorCodes = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
} as const;

/** Identifiers in SETTINGS (RFC 9113 §6.5.2). */
export const settingIds = {
  headerTableBytes: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowBytes: 4,
  maxFrameBytes: 5,
  maxHeaderListBytes: 6,
} as const;

/** The client's connection preface (RFC 9113 §3.4). */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** Length, type, flags and stream id precede every frame's payload. */
export const frameHeadBytes = 9;
/** The largest frame that is accepted and sent: the default, which every peer accepts. */
export const maxFrameBytes = 16_384;
/** Initial size of every window. */
export const defaultWindowBytes = 65_535;
/** RFC 9113 §6.9.1: a larger window is an error of the stream or the connection. */
export const maxWindowBytes = 2 ** 31 - 1;
/** RFC 9113 §5.1.1: a connection that has reached it opens no further stream. */
export const lastStreamId = 2 ** 31 - 1;

/** An error that ends the connection. The code is sent to the peer. */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "ConnectionError";
    this.code = code;
  }
}

/** The name of an error code, as in RFC 9113 §7. */
export function errorName(code: number): string {
  const known = Object.entries(errorCodes).find(([, value]) => value === code);
  return known === undefined ? `code ${code}` : known[0].replace(/[A-Z]/g, "_$&").toUpperCase();
}
