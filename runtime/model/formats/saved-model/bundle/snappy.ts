import { BundleError } from "./bundle-error.ts";

/** Decompresses a block in the snappy format (google/snappy, format_description.txt). Throws a BundleError. */
export function snappyUncompressed(input: Uint8Array, maxBytes: number): Uint8Array {
  const header = length(input);
  if (header.value > maxBytes) throw new BundleError(`a block says it holds ${header.value} bytes`);
  const output = new Uint8Array(header.value);
  let from = header.end;
  let to = 0;
  while (from < input.length) {
    const step = element(input, from);
    if (step.size > output.length - to) throw new BundleError("a compressed block is longer than it says");
    if (step.distance === 0) {
      if (step.size > input.length - step.next) throw new BundleError("a compressed block is cut short");
      output.set(input.subarray(step.next, step.next + step.size), to);
      from = step.next + step.size;
    } else {
      if (step.distance > to) throw new BundleError("a compressed block refers to what is before it");
      // Byte by byte: a copy may overlap itself.
      for (let i = 0; i < step.size; i++) output[to + i] = output[to + i - step.distance] ?? 0;
      from = step.next;
    }
    to += step.size;
  }
  if (to !== output.length) throw new BundleError("a compressed block is shorter than it says");
  return output;
}

function length(input: Uint8Array): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = input[i];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: i + 1 };
  }
  throw new BundleError("a compressed block has no length");
}

interface Element {
  readonly size: number;
  /** Distance of a copy back in the output; 0: a literal. */
  readonly distance: number;
  readonly next: number;
}

function element(input: Uint8Array, at: number): Element {
  const tag = input[at] ?? 0;
  const byte = (offset: number): number => {
    const value = input[at + offset];
    if (value === undefined) throw new BundleError("a compressed block is cut short");
    return value;
  };
  const upper = tag >>> 2;
  switch (tag & 3) {
    case 0: {
      const extra = Math.max(0, upper - 59);
      let size = upper;
      if (extra > 0) size = Array.from({ length: extra }, (_, i) => byte(i + 1) * 2 ** (8 * i)).reduce((a, b) => a + b);
      return { size: size + 1, distance: 0, next: at + 1 + extra };
    }
    case 1:
      return copyElement((upper & 7) + 4, ((tag >>> 5) << 8) | byte(1), at + 2);
    case 2:
      return copyElement(upper + 1, byte(1) | (byte(2) << 8), at + 3);
    default:
      return copyElement(upper + 1, byte(1) + byte(2) * 2 ** 8 + byte(3) * 2 ** 16 + byte(4) * 2 ** 24, at + 5);
  }
}

function copyElement(size: number, distance: number, next: number): Element {
  if (distance === 0) throw new BundleError("a compressed block refers to itself");
  return { size, distance, next };
}
