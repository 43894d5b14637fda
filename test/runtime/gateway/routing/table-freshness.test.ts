import { describe, expect, test } from "vitest";
import { tableFreshness } from "../../../../runtime/gateway/routing/table-freshness.ts";

describe("tableFreshness", () => {
  test("operators have two seconds to send a newer table", () => {
    let nowMs = 100;
    const { isSettled, ageMs } = tableFreshness(() => nowMs);
    nowMs = 2_099;
    expect([isSettled(), ageMs()]).toEqual([false, 1_999]);
    nowMs = 2_100;
    expect([isSettled(), ageMs()]).toEqual([true, 2_000]);
  });

  test("a table of an earlier run ages until an operator sends a message", () => {
    let nowMs = 0;
    const { loaded, confirmed, isSettled, ageMs } = tableFreshness(() => nowMs);
    loaded(60_000);
    nowMs = 1_000;
    expect([isSettled(), ageMs()]).toEqual([false, 61_000]);
    confirmed();
    nowMs = 1_500;
    expect([isSettled(), ageMs()]).toEqual([true, 500]);
    loaded(60_000);
    expect(ageMs()).toBe(500);
  });
});
