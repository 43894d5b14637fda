import { describe, expect, test } from "vitest";
import { timeoutHeader, timeoutMs } from "../../../../runtime/server/grpc/timeout.ts";

describe("timeoutMs", () => {
  const cases: Record<string, [string | undefined, number | undefined]> = {
    "no header: no limit": [undefined, undefined],
    hours: ["2H", 7_200_000],
    minutes: ["3M", 180_000],
    seconds: ["5S", 5000],
    milliseconds: ["250m", 250],
    microseconds: ["1500u", 1.5],
    nanoseconds: ["5000000n", 5],
    "nine digits are no timeout": ["123456789S", undefined],
    "neither is another unit": ["5s", undefined],
    "nor a sign": ["-5S", undefined],
  };
  test.for(Object.entries(cases))("%s", ([, [header, want]]) => {
    const found = timeoutMs(header);
    if (want === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(want, 9);
  });
});

describe("timeoutHeader", () => {
  const cases: Record<string, [number, string]> = {
    "whole milliseconds, rounded up": [249.2, "250m"],
    "at least one": [0, "1m"],
    "seconds when milliseconds would take nine digits": [150_000_000, "150000S"],
  };
  test.for(Object.entries(cases))("%s", ([, [ms, want]]) => {
    expect(timeoutHeader(ms)).toBe(want);
  });
});
