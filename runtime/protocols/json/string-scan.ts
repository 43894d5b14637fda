import { isUtf8 } from "node:buffer";
import { faults } from "./faults.ts";

const quote = 0x22;
const backslash = 0x5c;
/** `"`, `\\`, `/`, b, f, n, r, t. */
const isSimpleEscape = new Uint8Array(256);
for (const kind of [0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]) isSimpleEscape[kind] = 1;

/** Reads the JSON string whose opening quote is at `start`. Throws `JsonInvalid` with the offset of the error. */
export function scanString(bytes: Buffer, start: number): { readonly value: string; readonly end: number } {
  let at = scanPlain(bytes, start + 1);
  if (bytes[at] === quote) return { value: textOf(bytes, start + 1, at), end: at + 1 };
  while (bytes[at] === backslash) at = scanPlain(bytes, checkedEscape(bytes, at));
  if (bytes[at] !== quote) throw brokenString(bytes, at);
  // Every escape has been checked, so JSON.parse may decode them.
  const value: unknown = JSON.parse(textOf(bytes, start, at + 1));
  return { value: String(value), end: at + 1 };
}

const replacement = "\ufffd";

/** Decodes UTF-8. Refuses invalid UTF-8: replacement characters would give the model other bytes than were sent. */
function textOf(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString("utf8", start, end);
  if (!text.includes(replacement) || isUtf8(bytes.subarray(start, end))) return text;
  throw faults.JsonInvalid({ reason: "Invalid encoding in string.", offset: start });
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

/** Returns the offset after the escape sequence at `at`. Throws when it is invalid. */
function checkedEscape(bytes: Buffer, at: number): number {
  const kind = bytes[at + 1] ?? 0;
  if (isSimpleEscape[kind] === 1) return at + 2;
  if (kind !== 0x75) throw faults.JsonInvalid({ reason: "Invalid escape character in string.", offset: at });
  const unit = hexUnit(bytes, at + 2, at);
  if (unit < 0xd800 || unit > 0xdfff) return at + 6;
  const paired = unit < 0xdc00 && bytes[at + 6] === backslash && bytes[at + 7] === 0x75;
  const low = paired ? hexUnit(bytes, at + 8, at) : 0;
  if (low < 0xdc00 || low > 0xdfff) {
    throw faults.JsonInvalid({ reason: "The surrogate pair in string is invalid.", offset: at });
  }
  return at + 12;
}

/** Values of hexadecimal digits by byte; 255 for other bytes. */
const hexDigits = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  hexDigits[digit.charCodeAt(0)] = value;
  hexDigits[digit.toUpperCase().charCodeAt(0)] = value;
}

function hexUnit(bytes: Buffer, at: number, offset: number): number {
  let unit = 0;
  let seen = 0;
  for (let i = at; i < at + 4; i++) {
    const digit = hexDigits[bytes[i] ?? 0] ?? 255;
    seen |= digit;
    unit = unit * 16 + digit;
  }
  if (seen > 15) {
    throw faults.JsonInvalid({ reason: "Incorrect hex digit after \\u escape in string.", offset });
  }
  return unit;
}
