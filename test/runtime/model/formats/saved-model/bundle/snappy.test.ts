import { describe, expect, it } from "vitest";
import { snappyUncompressed } from "../../../../../../runtime/model/formats/saved-model/bundle/snappy.ts";

const literal = (text: string): readonly number[] => [(text.length - 1) << 2, ...Buffer.from(text)];
const inflate = (...bytes: readonly (number | readonly number[])[]): string =>
  Buffer.from(snappyUncompressed(Uint8Array.from(bytes.flat()), 1000)).toString("latin1");

describe("a snappy block", () => {
  it.each([
    ["nothing", [0], ""],
    ["a literal", [3, ...literal("abc")], "abc"],
    ["a literal with one byte of length", [70, 60 << 2, 69, ...Buffer.from("x".repeat(70))], "x".repeat(70)],
    ["a copy with an offset of 11 bits", [8, ...literal("abcd"), 0b00000001, 4], "abcdabcd"],
    ["a copy with an offset of 16 bits", [6, ...literal("abc"), (2 << 2) | 2, 3, 0], "abcabc"],
    ["a copy with an offset of 32 bits", [6, ...literal("abc"), (2 << 2) | 3, 3, 0, 0, 0], "abcabc"],
    ["a copy that overlaps itself", [7, ...literal("ab"), (4 << 2) | 2, 2, 0], "abababa"],
  ])("inflates %s", (_, bytes, want) => {
    expect(inflate(bytes)).toBe(want);
  });

  it.each([
    ["has no length", [0x80], "a compressed block has no length"],
    ["says it is huge", [0xff, 0xff, 0xff, 0xff, 0x0f], "a block says it holds 4294967295 bytes"],
    ["is longer than it says", [2, ...literal("abc")], "a compressed block is longer than it says"],
    ["is shorter than it says", [4, ...literal("abc")], "a compressed block is shorter than it says"],
    ["ends in a literal", [3, 2 << 2, 97], "a compressed block is cut short"],
    ["ends in a copy", [6, ...literal("abc"), (2 << 2) | 2, 3], "a compressed block is cut short"],
    ["refers to itself", [6, ...literal("abc"), (2 << 2) | 2, 0, 0], "a compressed block refers to itself"],
    [
      "refers to what is before it",
      [6, ...literal("abc"), (2 << 2) | 2, 4, 0],
      "a compressed block refers to what is before it",
    ],
  ])("is refused when it %s", (_, bytes, message) => {
    expect(() => inflate(bytes)).toThrow(message);
  });
});
