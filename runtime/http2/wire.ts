import { Buffer } from "node:buffer";

/** Types of frames (RFC 9113 §6). */
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

/** Flags of frames; `ack` stands in SETTINGS and PING, where `endStream` has no meaning. */
export const flags = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

/** Why a stream or connection ends (RFC 9113 §7). */
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

/** Of SETTINGS (RFC 9113 §6.5.2). */
export const settingIds = {
  headerTableBytes: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowBytes: 4,
  maxFrameBytes: 5,
  maxHeaderListBytes: 6,
} as const;

/** What a client's side of a connection begins with (RFC 9113 §3.4). */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** Length, type, flags and stream stand before every frame's payload. */
export const frameHeadBytes = 9;
/** The largest frame that is taken, and sent: the default, and what everybody takes. */
export const maxFrameBytes = 16_384;
/** Every window until SETTINGS or WINDOW_UPDATE. */
export const defaultWindowBytes = 65_535;
/** RFC 9113, 6.9.1: a window beyond it ends the stream or the connection. */
export const maxWindowBytes = 2 ** 31 - 1;
/** RFC 9113, 5.1.1: a connection that has come to it opens no further stream. */
export const lastStreamId = 2 ** 31 - 1;

/** What ends a whole connection. The code goes to the peer. */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "ConnectionError";
    this.code = code;
  }
}

/** The word for a code, as RFC 9113 §7 has it. */
export function errorName(code: number): string {
  const known = Object.entries(errorCodes).find(([, value]) => value === code);
  return known === undefined ? `code ${code}` : known[0].replace(/[A-Z]/g, "_$&").toUpperCase();
}
