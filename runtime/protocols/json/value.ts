/**
 * A parsed JSON value that keeps what tensors need and `JSON.parse` drops: whether a number was written as an integer, its
 * exact value beyond 2**53, the order and repetition of keys. Arrays of numbers stay packed (see `JsonNumbers`).
 */
export type JsonValue = JsonNull | JsonBoolean | JsonNumber | JsonString | JsonArray | JsonNumbers | JsonObject;

/** `null`. */
export interface JsonNull {
  readonly kind: "null";
}

/** `true` or `false`. */
export interface JsonBoolean {
  readonly kind: "boolean";
  readonly value: boolean;
}

/** A number, with its exact value where a double would round it. */
export interface JsonNumber {
  readonly kind: "number";
  readonly value: number;
  /** The exact value when written without fraction and exponent and no wider than 64 bits. */
  readonly integer?: bigint;
}

/** A string, its escapes resolved. */
export interface JsonString {
  readonly kind: "string";
  readonly value: string;
}

/** An array that is not packed: it holds other values than numbers, or is ragged. */
export interface JsonArray {
  readonly kind: "array";
  readonly items: readonly JsonValue[];
}

/** A rectangular array of numbers, nested to any rank, packed into one typed array. */
export interface JsonNumbers {
  readonly kind: "numbers";
  readonly shape: readonly number[];
  /** The numbers, row-major; those above 2**53 are rounded. The next document reuses this memory: copy what you keep. */
  readonly values: Float64Array;
  /** Whether every number was written as an integer that `values` holds exactly. */
  readonly exactIntegers: boolean;
  /** Parses the same text again into one value per element. */
  readonly expand: () => JsonArray;
}

/** An object as it was written. */
export interface JsonObject {
  readonly kind: "object";
  /** In document order, repeated keys included. */
  readonly members: readonly (readonly [string, JsonValue])[];
}

/** The value of a key; the first one when the key is repeated. */
export function member(object: JsonObject, key: string): JsonValue | undefined {
  return object.members.find(([name]) => name === key)?.[1];
}

/** The items of an array, packed or not. */
export function itemsOf(array: JsonArray | JsonNumbers): readonly JsonValue[] {
  return array.kind === "array" ? array.items : array.expand().items;
}
