import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tableChunks, parsedTable } from "../../../../../runtime/gateway/routing/persistence/table-format.ts";
import { revisionOf, routeOf } from "../../builders/live-routes.ts";

const routes = (count: number) =>
  Array.from({ length: count }, (_, i) => routeOf([revisionOf("a1", 100, i % 4)], { key: `default/größe-${i}` }));
const text = (count: number): Buffer => Buffer.concat([...tableChunks(routes(count))]);

describe("the file format of a route table", () => {
  test.each([0, 1, 7, 2_000])("%i routes are read as they were written", (count) => {
    expect(parsedTable(text(count))).toEqual(routes(count));
  });

  test("is encoded in small chunks", () => {
    const sizes = [...tableChunks(routes(2_000))].map(({ length }) => length);
    expect(sizes.length).toBeGreaterThan(5);
    expect(Math.max(...sizes)).toBeLessThan(66 * 1024);
  });

  test("a file that was truncated or changed anywhere is not read", () => {
    const whole = text(5);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const cut = whole.subarray(0, at);
        // Only the last line's line feed may be missing.
        if (at < whole.length - 1) expect(() => parsedTable(cut)).toThrow();
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(readOrNothing(changed)).toBeOneOf([undefined, JSON.stringify(routes(5))]);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["", "it is no route table"],
    ['{"routes":0}\n', "it is no route table"],
    ['{"file":"modelwright-route-table","version":2}\n{}\n', "it has version 2; 1 is read"],
    ['{"file":"modelwright-route-table","version":1}\n{"routes":0,"crc32":1}\n', "it is cut off or damaged"],
  ])("says what is wrong with %j", (wrong, message) => {
    expect(() => parsedTable(Buffer.from(wrong))).toThrow(message);
  });
});

function readOrNothing(bytes: Buffer): string | undefined {
  try {
    return JSON.stringify(parsedTable(bytes));
  } catch {
    return undefined;
  }
}
