import { errorText } from "../../../../base/fault.ts";

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** An object of Keras' JSON. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** A model description is invalid. */
export class ConfigError extends Error {}

/** Keras' largest descriptions (thousands of layers) take a few MiB. */
export const maxConfigBytes = 16 * 1024 ** 2;
/** Nested models cost about six levels each. */
const maxDepth = 96;
/** Keys with a special meaning in JavaScript objects; Keras uses none of them. */
const reservedKeys = new Set(["__proto__", "constructor", "prototype"]);

/** Parses a model description. Throws a ConfigError. The depth is checked first. */
export function parsedConfig(text: string): JsonObject {
  checkDepth(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = parsedPython(text);
  }
  if (!isObject(value)) throw new ConfigError("it is not a JSON object");
  return value;
}

/** Whether a value is an object: neither null nor a list. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The entries of an object, without reserved keys. */
export function entriesOf(value: JsonObject): [string, Json][] {
  return Object.entries(value).filter(([key]) => !reservedKeys.has(key));
}

/** The text under a key; `undefined` if it is anything else. */
export function textAt(value: Json | undefined, key: string): string | undefined {
  const text = isObject(value) ? value[key] : undefined;
  return typeof text === "string" ? text : undefined;
}

/** The object under a key. Throws a ConfigError if it is anything else. */
export function objectAt(value: Json | undefined, key: string): JsonObject {
  const inner = isObject(value) ? value[key] : undefined;
  if (!isObject(inner)) throw new ConfigError(`${key} of ${textAt(value, "class_name") ?? "a layer"} is not an object`);
  return inner;
}

/** Whether a value is a list. */
export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** Parses the JSON of Python, which may contain NaN and Infinity; they become null. */
function parsedPython(text: string): unknown {
  const strict = text.replace(/("(?:[^"\\]|\\.)*")|-?\b(?:NaN|Infinity)\b/g, (_, quoted?: string) => quoted ?? "null");
  try {
    return JSON.parse(strict);
  } catch (thrown) {
    throw new ConfigError(`it is not JSON (${errorText(thrown)})`);
  }
}

function checkDepth(text: string): void {
  let depth = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isQuoted) {
      if (code === 0x5c) i++;
      else if (code === 0x22) isQuoted = false;
    } else if (code === 0x22) {
      isQuoted = true;
    } else if (code === 0x5b || code === 0x7b) {
      depth++;
      if (depth > maxDepth) throw new ConfigError(`it is nested deeper than ${maxDepth} levels`);
    } else if (code === 0x5d || code === 0x7d) {
      depth--;
    }
  }
}
