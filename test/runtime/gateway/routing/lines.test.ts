import fc from "fast-check";
import { expect, test } from "vitest";
import { lineReader } from "../../../../runtime/gateway/routing/lines.ts";

test("lines are the same however the stream is cut, also within a character", () => {
  const line = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\n"));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), fc.array(fc.nat(300), { maxLength: 12 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
      const edges = [0, ...cuts.filter((cut) => cut < bytes.length), bytes.length].toSorted((a, b) => a - b);
      const read: string[] = [];
      const take = lineReader((line) => read.push(line));
      edges.slice(1).forEach((edge, i) => take(bytes.subarray(edges[i], edge)));
      expect(read).toEqual(lines);
    }),
  );
});
