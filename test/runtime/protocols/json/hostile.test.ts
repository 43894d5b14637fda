import { describe, expect, test } from "vitest";
import { parseJson } from "../../../../runtime/protocols/json/parse-json.ts";

const bodyBytes = 8 * 1024 * 1024;

function repeated(text: string): string {
  return text.repeat(Math.floor(bodyBytes / text.length));
}

/** Bodies that cost some parsers memory or time beyond all proportion. */
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
    // Time of this thread on the processor, so that a busy machine is not taken for a slow parser.
    const { user, system } = process.threadCpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(3_000);
    // Ragged lists take about 34 times; when the collector runs is its own affair.
    expect(process.memoryUsage().rss - before).toBeLessThan(48 * bodyBytes);
  });
});
