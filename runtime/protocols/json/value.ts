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

/** A number with what a double cannot keep of it. */
export interface JsonNumber {
  readonly kind: "number";
  readonly value: number;
  /** The exact value when written without fraction and exponent and no wider than 64 bits. */
  readonly integer?: bigint;
}

/** A text, its escapes resolved. */
export interface JsonString {
  readonly kind: "string";
  readonly value: string;
}

/** A list. */
export interface JsonArray {
  readonly kind: "array";
  readonly items: readonly JsonValue[];
}

/** An array, nested or not, that holds numbers only and has no ragged edge. */
export interface JsonNumbers {
  readonly kind: "numbers";
  readonly shape: readonly number[];
  /** The numbers, row-major; those above 2**53 are rounded. Theirs is memory that the next document takes: copy what is kept. */
  readonly values: Float64Array;
  /** Every number was written as an integer that is exact here. */
  readonly exactIntegers: boolean;
  /** Parses the same text again, element by element. */
  readonly expand: () => JsonArray;
}

/** An object as it was written. */
export interface JsonObject {
  readonly kind: "object";
  /** In the order of the text; a repeated key stands repeatedly. */
  readonly members: readonly (readonly [string, JsonValue])[];
}

/** The member of that name; the first one when the key is repeated. */
export function member(object: JsonObject, key: string): JsonValue | undefined {
  return object.members.find(([name]) => name === key)?.[1];
}

/** The items of an array, packed or not. */
export function itemsOf(array: JsonArray | JsonNumbers): readonly JsonValue[] {
  return array.kind === "array" ? array.items : array.expand().items;
}
