const quote = 34;
const backslash = 92;
const comma = 44;
const colon = 58;
const [openBracket, closeBracket, openBrace, closeBrace] = [91, 93, 123, 125];

/**
 * The text of the member at this path of a JSON object, without parsing what is beside it. Undefined when there is none,
 * or when the text is not what it should be: then a parser is to say so.
 */
export function memberText(json: string, path: readonly string[]): string | undefined {
  let at = skipSpace(json, 0);
  for (const name of path) {
    const value = valueStart(json, at, name);
    if (value === undefined) return undefined;
    at = value;
  }
  const end = valueEnd(json, at);
  return end === undefined ? undefined : json.slice(at, end);
}

/** Where the value of a member begins; `at` is where its object does. */
function valueStart(json: string, at: number, name: string): number | undefined {
  if (json.charCodeAt(at) !== openBrace) return undefined;
  for (let next = skipSpace(json, at + 1); json.charCodeAt(next) === quote;) {
    const keyEnd = stringEnd(json, next);
    if (keyEnd === undefined) return undefined;
    const isFound = keyEnd - next - 2 === name.length && json.startsWith(name, next + 1);
    const colonAt = skipSpace(json, keyEnd);
    if (json.charCodeAt(colonAt) !== colon) return undefined;
    const value = skipSpace(json, colonAt + 1);
    if (isFound) return value;
    const end = valueEnd(json, value);
    if (end === undefined) return undefined;
    next = skipSpace(json, end);
    if (json.charCodeAt(next) === comma) next = skipSpace(json, next + 1);
  }
  return undefined;
}

const marker = '"managedFields":[';

/**
 * JSON of an object or of a watch event without what its `metadata.managedFields` list, which is half of it, and made of
 * names that no other object has. A key's quotes are bare, so that no text within a string is taken for it.
 */
export function withoutManagedFields(json: string): string {
  const at = json.indexOf(marker);
  if (at === -1) return json;
  const begin = at + marker.length - 1;
  const end = nestedEnd(json, begin);
  return end === undefined ? json : `${json.slice(0, begin)}[]${json.slice(end)}`;
}

function skipSpace(json: string, at: number): number {
  while (json.charCodeAt(at) <= 32) at += 1;
  return at;
}

/** Behind the value that begins here. */
function valueEnd(json: string, at: number): number | undefined {
  const first = json.charCodeAt(at);
  if (first === quote) return stringEnd(json, at);
  if (first === openBrace || first === openBracket) return nestedEnd(json, at);
  for (let end = at; end < json.length; end += 1) {
    const code = json.charCodeAt(end);
    if (code === comma || code === closeBrace || code === closeBracket || code <= 32) return end > at ? end : undefined;
  }
  return undefined;
}

/** Behind the string that begins here. */
function stringEnd(json: string, at: number): number | undefined {
  for (let end = json.indexOf('"', at + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let slashes = 0;
    while (json.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
  return undefined;
}

/** Behind the list or object that begins here. */
function nestedEnd(json: string, at: number): number | undefined {
  let depth = 0;
  for (let next = at; next < json.length; next += 1) {
    const code = json.charCodeAt(next);
    if (code === quote) {
      const end = stringEnd(json, next);
      if (end === undefined) return undefined;
      next = end - 1;
    } else if (code === openBrace || code === openBracket) {
      depth += 1;
    } else if (code === closeBrace || code === closeBracket) {
      depth -= 1;
      if (depth === 0) return next + 1;
    }
  }
  return undefined;
}
