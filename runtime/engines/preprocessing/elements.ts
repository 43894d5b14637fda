import { floatOfHalf } from "../../base/half-float.ts";
import type { Given } from "./step-run.ts";

/** The elements as texts: UTF-8, each byte as one character; whole numbers in decimal, others cut to whole ones. */
export function textsOf(given: Given): readonly string[] {
  if ("dtype" in given && given.dtype === "string") {
    return given.data.map(({ buffer, byteOffset, byteLength }) =>
      Buffer.from(buffer, byteOffset, byteLength).toString("latin1"),
    );
  }
  if ("dtype" in given && (given.dtype === "int64" || given.dtype === "uint64")) return Array.from(given.data, String);
  return numbersOf(given).map((number) => String(Math.trunc(number) + 0));
}

/** The elements as numbers. */
export function numbersOf(given: Given): readonly number[] {
  if (!("dtype" in given)) return Array.from(given.numbers);
  if (given.dtype === "string") throw new TypeError("texts are no numbers");
  return given.dtype === "float16" ? Array.from(given.data, floatOfHalf) : Array.from(given.data, Number);
}
