import { Buffer } from "node:buffer";

/** What every HTTP/2 connection begins with (RFC 9113 §3.4). No method of HTTP/1.1 has its first four bytes. */
const beginning = Buffer.from("PRI ");

/** The version of HTTP that a client speaks, from the first bytes of its connection; undefined: too few to tell. */
export function spokenHttp(bytes: Uint8Array): 1 | 2 | undefined {
  const compared = Math.min(bytes.length, beginning.length);
  for (let i = 0; i < compared; i += 1) if (bytes[i] !== beginning[i]) return 1;
  return compared === beginning.length ? 2 : undefined;
}
