import { describe, expect, it } from "vitest";
import { crc32c, maskCrc32c } from "../../../../../../runtime/model/formats/saved-model/bundle/crc32c.ts";

describe("CRC-32C", () => {
  // RFC 3720, appendix B.4.
  it.each([
    ["nothing", Buffer.alloc(0), 0],
    ["32 zeros", Buffer.alloc(32), 0x8a9136aa],
    ["32 ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
    ["0 to 31", Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ["31 to 0", Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
    ["123456789", Buffer.from("123456789"), 0xe3069283],
  ])("of %s", (_, bytes, want) => {
    expect(crc32c(bytes)).toBe(want);
  });

  it("is masked like in leveldb", () => {
    expect(maskCrc32c(crc32c(Buffer.from("foo")))).not.toBe(crc32c(Buffer.from("foo")));
    expect(maskCrc32c(0)).toBe(0xa282ead8);
  });
});
