import { Buffer, isUtf8 } from "node:buffer";
import type { TensorSpec } from "../../dataplane/signature.ts";
import type { Tensor } from "../../dataplane/tensor.ts";
import type { NativeTensor } from "./binding.ts";

/** Elements as the addon takes them: typed arrays as they are, strings as JavaScript strings. */
export function nativeData({ dtype, data }: Tensor): ArrayLike<unknown> {
  return dtype === "string" ? data.map((bytes) => textOf(bytes)) : data;
}

/** Converts an output of the addon; the caller owns its memory. */
export function tensorOf({ dtype }: TensorSpec, { data, dims }: NativeTensor): Tensor {
  if (dtype !== "string") return { dtype, shape: dims, data } as Tensor; // the addon returns the typed array of this dtype
  return { dtype, shape: dims, data: Array.from(data as ArrayLike<string>, bytesOf) }; // string tensors hold JavaScript strings
}

/**
 * The addon converts strings through UTF-8: it would truncate at a NUL and replace invalid bytes. In such strings each
 * NUL or non-ASCII byte is mapped to a private-use character on the way in and back on the way out, so that graphs that
 * pass strings through keep their bytes.
 */
const escapeBase = 0x10_f7_00;
/** First UTF-16 unit of those characters; rare in other texts. */
const escapeSurrogate = "\udbfd";
const escaped = /\udbfd[\udf00-\udfff]/;

function textOf(bytes: Uint8Array): string {
  if (!bytes.includes(0) && isUtf8(bytes)) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
    if (!text.includes(escapeSurrogate) || !escaped.test(text)) return text;
  }
  return Array.from(bytes, (byte) => String.fromCodePoint(byte === 0 || byte > 0x7f ? escapeBase + byte : byte)).join(
    "",
  );
}

function bytesOf(text: string): Uint8Array {
  if (!text.includes(escapeSurrogate)) return encoder.encode(text);
  const parts = Array.from(text, (character) => {
    const byte = (character.codePointAt(0) ?? 0) - escapeBase;
    return byte >= 0 && byte <= 0xff ? Uint8Array.of(byte) : encoder.encode(character);
  });
  return Uint8Array.from(Buffer.concat(parts));
}

const encoder = new TextEncoder();
