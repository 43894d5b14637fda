import type { Cursor } from "../bytes/cursor.ts";

/** The type of an element, as far as weights and names need it. */
export type Datatype = { readonly sizeBytes: number } & (
  | { readonly kind: "signed" | "unsigned" | "float" | "bfloat"; readonly isBigEndian: boolean }
  | { readonly kind: "text" | "long text" | "opaque" | "other" }
);

/** Floating-point formats by size in bytes, bits of exponent and fraction, and bias. */
const floats: Readonly<Record<string, "float" | "bfloat">> = {
  "2: 5 10 15": "float",
  "4: 8 23 127": "float",
  "8: 11 52 1023": "float",
  "2: 8 7 127": "bfloat",
};

/** Reads a datatype message. Specification IV.A.2.d. */
export function datatype(message: Cursor): Datatype {
  const kind = message.uint(1) & 15;
  const flags = message.uint(3);
  const sizeBytes = message.uint(4);
  const isBigEndian = (flags & 1) !== 0;
  switch (kind) {
    case 0: {
      const isWhole = message.uint(2) === 0 && message.uint(2) === sizeBytes * 8;
      if (!isWhole) return { sizeBytes, kind: "other" };
      return { sizeBytes, kind: (flags & 8) === 0 ? "unsigned" : "signed", isBigEndian };
    }
    case 1: {
      message.skip(5);
      const exponentBits = message.uint(1);
      message.skip(1);
      const found = floats[`${sizeBytes}: ${exponentBits} ${message.uint(1)} ${message.uint(4)}`];
      return found === undefined || (flags & 0x40) !== 0
        ? { sizeBytes, kind: "other" }
        : { sizeBytes, kind: found, isBigEndian };
    }
    case 3:
      return { sizeBytes, kind: "text" };
    case 5:
      return { sizeBytes, kind: "opaque" };
    case 9:
      return { sizeBytes, kind: (flags & 15) === 1 ? "long text" : "other" };
    default:
      return { sizeBytes, kind: "other" };
  }
}
