import { describe, expect, test } from "vitest";
import { parseJson } from "../../../../runtime/protocols/json/parse-json.ts";

const bodyBytes = 8 * 1024 * 1024;

function repeated(text: string): string {
  return text.repeat(Math.floor(bodyBytes / text.length));
}

/** Bodies that make some parsers take excessive memory or time. */
const bodies: readonly (readonly [string, string])[] = [
  ["strings", `["${repeated('a","')}"]`],
  ["empty lists", `[${repeated("[],")}[]]`],
  ["numbers that a string follows", `[${repeated("1,")}"x"]`],
  ["the same, nested", `${"[".repeat(16)}${repeated("1,")}"x"${"]".repeat(16)}`],
  ["escapes", `["${repeated(String.raw`\n`)}"]`],
  ["keys", `{${repeated('"a":1,')}"b":1}`],
  ["one integer", `[${repeated("9")}]`],
  ["one fraction", `[0.${repeated("9")}]`],
  ["objects", `[${repeated("{},")}{}]`],
  ["ragged lists", `[${repeated("[1,2],[3],")}{}]`],
  ["opening brackets", repeated("[")],
];

describe("hostile JSON of 8 MiB", () => {
  test.each(bodies)("%s: answered within 3 s of CPU time and 48 times its size", (_, text) => {
    const bytes = Buffer.from(text);
    const before = process.memoryUsage().rss;
    const start = process.threadCpuUsage();
    try {
      parseJson(bytes);
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: "JsonInvalid" });
    }
    // CPU time of this thread, so that a busy machine does not look like a slow parser.
    const { user, system } = process.threadCpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(3_000);
    // Ragged arrays take about 34 times; the rest allows for late garbage collection.
    expect(process.memoryUsage().rss - before).toBeLessThan(48 * bodyBytes);
  });
});
