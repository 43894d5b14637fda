import { expect, test } from "vitest";
import { cronPattern } from "../../../../crds/schema/grammar/cron.ts";

const pattern = new RegExp(cronPattern);

test.each(["* * * * *", "30 7 * * MON-FRI", "*/15 0,12 1-31/2 JAN,7 0-7", "05 08 01 09 6-1", "5/20 * * * *"])(
  "%j is cron",
  (text) => {
    expect(pattern.test(text)).toBe(true);
  },
);

test.each(["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "@daily"])(
  "%j is not",
  (text) => {
    expect(pattern.test(text)).toBe(false);
  },
);

test("the pattern is valid in RE2 and in CEL strings: no quotes, no backslashes, no look-around", () => {
  expect(cronPattern).not.toMatch(/['\\]|\(\?/);
});
