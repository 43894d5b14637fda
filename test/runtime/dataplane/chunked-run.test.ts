import { describe, expect, it } from "vitest";
import { systemClock } from "../../../runtime/base/clock.ts";
import { type LargeRun, chunkedRunner } from "../../../runtime/dataplane/chunked-run.ts";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";

const rows = 1000;
const numbers = Float32Array.from({ length: 2 * rows }, (_, i) => i);
const inputs: readonly Tensor[] = [{ dtype: "float32", shape: [rows, 2], data: numbers }];
const negated: readonly Tensor[] = [{ dtype: "float32", shape: [rows, 2], data: numbers.map((value) => -value) }];

/** An engine that notes how many rows it is asked for; answers with its inputs negated. */
function noting(asked: number[]): LargeRun["run"] {
  return ([input]) => {
    if (input?.dtype !== "float32") throw new TypeError("not float32");
    asked.push(input.shape[0] ?? 0);
    return [{ ...input, data: input.data.map((value) => -value) }];
  };
}

describe("a large request on the event loop", () => {
  it("runs in parts that grow, and its answer is put together", async () => {
    const asked: number[] = [];
    const run = noting(asked);
    expect(await chunkedRunner(8, systemClock)({ inputs, rows, run, throwIfCancelled: () => {} })).toEqual(negated);
    expect(asked.reduce((sum, part) => sum + part)).toBe(rows);
    expect(asked.every((part, i) => part <= 2 * (asked[i - 1] ?? 4))).toBe(true);
  });

  it("runs in small parts when these take long", async () => {
    let now = 0;
    const clock = { ...systemClock, monotonic: () => (now += 10) };
    const asked: number[] = [];
    await chunkedRunner(100, clock)({ inputs, rows, run: noting(asked), throwIfCancelled: () => {} });
    expect(asked).toEqual(Array.from({ length: 10 }, () => 100));
  });

  it("lets others have their turn between its parts", async () => {
    let turns = 0;
    const asked: number[] = [];
    const answer = chunkedRunner(
      8,
      systemClock,
    )({ inputs, rows, run: noting(asked), throwIfCancelled: () => (turns += 1) });
    const between = new Promise((resolve) => setImmediate(() => resolve(asked.length)));
    expect([await between, turns]).toEqual([1, 0]);
    await answer;
    expect(turns).toBe(asked.length - 1);
  });

  it("runs whole in an engine that does not answer row by row", async () => {
    const sum: LargeRun["run"] = ([input]) => [
      { dtype: "int32", shape: [1], data: Int32Array.of(input?.shape[0] ?? 0) },
    ];
    expect(await chunkedRunner(8, systemClock)({ inputs, rows, run: sum, throwIfCancelled: () => {} })).toEqual([
      { dtype: "int32", shape: [1], data: Int32Array.of(rows) },
    ]);
  });
});
