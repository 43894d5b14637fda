import { faults } from "./faults.ts";

const quote = 0x22;
const backslash = 0x5c;
const simpleEscapes: Readonly<Record<number, string>> = {
  0x22: '"',
  0x5c: "\\",
  0x2f: "/",
  0x62: "\b",
  0x66: "\f",
  0x6e: "\n",
  0x72: "\r",
  0x74: "\t",
};

/** Reads the JSON string whose opening quote is at `start`. Throws `JsonInvalid` with the offset of the trouble. */
export function scanString(bytes: Buffer, start: number): { readonly value: string; readonly end: number } {
  let text = "";
  let at = start + 1;
  for (;;) {
    const plainEnd = scanPlain(bytes, at);
    if (plainEnd > at) text += bytes.toString("utf8", at, plainEnd);
    const byte = bytes[plainEnd];
    if (byte === quote) return { value: text, end: plainEnd + 1 };
    if (byte !== backslash) throw brokenString(bytes, plainEnd);
    const escape = scanEscape(bytes, plainEnd);
    text += escape.value;
    at = escape.end;
  }
}

/** Offset of the first quote, backslash or control character (or the end). */
function scanPlain(bytes: Buffer, at: number): number {
  let end = at;
  for (;;) {
    const byte = bytes[end] ?? 0;
    if (byte === quote || byte === backslash || byte < 0x20) return end;
    end += 1;
  }
}

function brokenString(bytes: Buffer, offset: number): Error {
  const ended = bytes[offset] === undefined || bytes[offset] === 0;
  const reason = ended ? "Missing a closing quotation mark in string." : "Invalid encoding in string.";
  return faults.JsonInvalid({ reason, offset });
}

function scanEscape(bytes: Buffer, at: number): { readonly value: string; readonly end: number } {
  const kind = bytes[at + 1] ?? 0;
  const simple = simpleEscapes[kind];
  if (simple !== undefined) return { value: simple, end: at + 2 };
  if (kind !== 0x75) throw faults.JsonInvalid({ reason: "Invalid escape character in string.", offset: at });
  const unit = hexUnit(bytes, at + 2, at);
  if (unit < 0xd800 || unit > 0xdfff) return { value: String.fromCharCode(unit), end: at + 6 };
  const paired = unit < 0xdc00 && bytes[at + 6] === backslash && bytes[at + 7] === 0x75;
  const low = paired ? hexUnit(bytes, at + 8, at) : 0;
  if (low < 0xdc00 || low > 0xdfff) {
    throw faults.JsonInvalid({ reason: "The surrogate pair in string is invalid.", offset: at });
  }
  return { value: String.fromCharCode(unit, low), end: at + 12 };
}

function hexUnit(bytes: Buffer, at: number, offset: number): number {
  const text = bytes.toString("latin1", at, Math.min(at + 4, bytes.length));
  if (!/^[0-9a-f]{4}$/i.test(text)) {
    throw faults.JsonInvalid({ reason: "Incorrect hex digit after \\u escape in string.", offset });
  }
  return Number.parseInt(text, 16);
}
