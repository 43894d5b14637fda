import { Buffer, isUtf8 } from "node:buffer";
import type { TensorSpec } from "../../dataplane/signature.ts";
import type { Tensor } from "../../dataplane/tensor.ts";
import type { NativeTensor } from "./binding.ts";

/** Elements as the addon takes them: typed arrays as they are, texts as JavaScript's. */
export function nativeData({ dtype, data }: Tensor): ArrayLike<unknown> {
  return dtype === "string" ? data.map((bytes) => textOf(bytes)) : data;
}

/** An output of the addon. Its memory is the caller's. */
export function tensorOf({ dtype }: TensorSpec, { data, dims }: NativeTensor): Tensor {
  if (dtype !== "string") return { dtype, shape: dims, data } as Tensor; // the addon gives the typed array of this dtype
  return { dtype, shape: dims, data: Array.from(data as ArrayLike<string>, bytesOf) }; // of strings it gives texts
}

/**
 * The addon takes texts: it would cut a string at a NUL and replace what is no UTF-8. In such strings each byte that is not
 * ASCII goes in, and comes out, as a character for private use, so that graphs which pass strings on change nothing.
 */
const escapeBase = 0x10_f7_00;
/** UTF-16 of those characters begins with this, that of few others does. */
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
