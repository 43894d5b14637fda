import { Buffer } from "node:buffer";

/** Start of every HTTP/2 connection (RFC 9113 §3.4). No HTTP/1.1 method begins with these bytes. */
const beginning = Buffer.from("PRI ");

/** The HTTP version that a client speaks, by the first bytes of its connection; undefined: too few to tell. */
export function httpVersionOf(bytes: Uint8Array): 1 | 2 | undefined {
  const compared = Math.min(bytes.length, beginning.length);
  for (let i = 0; i < compared; i += 1) if (bytes[i] !== beginning[i]) return 1;
  return compared === beginning.length ? 2 : undefined;
}
