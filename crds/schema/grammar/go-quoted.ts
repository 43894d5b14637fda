/** Escapes of Go's `strconv.Quote` that are a letter. */
const letterEscapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** A text as Go prints it under `%q`: what is not printable (letters, marks, numbers, punctuation, symbols, space) is escaped. */
export function goQuoted(text: string): string {
  const escaped = text.replaceAll(
    /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu,
    (character) => letterEscapes[character] ?? codeEscape(character.codePointAt(0) ?? 0),
  );
  return `"${escaped}"`;
}

function codeEscape(code: number): string {
  const digits = code.toString(16);
  if (code < 0x80) return `\\x${digits.padStart(2, "0")}`;
  return code < 0x1_00_00 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
