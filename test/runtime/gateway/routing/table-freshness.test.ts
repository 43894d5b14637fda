import { describe, expect, test } from "vitest";
import { freshness } from "../../../../../runtime/gateway/routing/kept/freshness.ts";

describe("freshness", () => {
  test("operators have two seconds before what is there has to do", () => {
    let nowMs = 100;
    const { isSettled, ageMs } = freshness(() => nowMs);
    nowMs = 2_099;
    expect([isSettled(), ageMs()]).toEqual([false, 1_999]);
    nowMs = 2_100;
    expect([isSettled(), ageMs()]).toEqual([true, 2_000]);
  });

  test("a table of before ages on until an operator speaks", () => {
    let nowMs = 0;
    const { loaded, heard, isSettled, ageMs } = freshness(() => nowMs);
    loaded(60_000);
    nowMs = 1_000;
    expect([isSettled(), ageMs()]).toEqual([false, 61_000]);
    heard();
    nowMs = 1_500;
    expect([isSettled(), ageMs()]).toEqual([true, 500]);
    loaded(60_000);
    expect(ageMs()).toBe(500);
  });
});
