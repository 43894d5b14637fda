import { expect, test } from "vitest";
import { createDevicePools, type PoolRequest } from "../../../operator/fleet/device-pools.ts";

function request(key: string, changes: Partial<PoolRequest> = {}): PoolRequest {
  return {
    key,
    pool: "nvidia.com/gpu",
    devices: 1,
    wanted: 1,
    needed: 1,
    min: 0,
    kappa: 20,
    placed: 1,
    unplaced: 0,
    oldestWait: 0,
    startSeconds: 30,
    idleSeconds: 0,
    ...changes,
  };
}

/** Allocations over time, one line each: `12 s: chat 1, vision 2`; empty while there is enough for all. */
function story(moments: readonly (readonly [number, readonly PoolRequest[]])[]): readonly string[] {
  const pools = createDevicePools();
  return moments.map(([seconds, requests]) => {
    const given = [...pools.share(requests, seconds * 1000)].map(([key, { replicas }]) => `${key} ${replicas}`);
    return `${seconds} s: ${given.join(", ") || "as wanted"}`;
  });
}

test("a model that keeps replicas gives one back to a model that has requests, and gets it back when that has none", () => {
  const idle = request("vision", { wanted: 2, needed: 0, placed: 2, kappa: 100 });
  const waits = request("chat", { placed: 0, unplaced: 1, oldestWait: 5 });
  const moved = [request("vision", { wanted: 2, needed: 0, placed: 1, kappa: 100 }), request("chat")];
  const over = [
    request("vision", { wanted: 2, needed: 0, placed: 1, kappa: 100 }),
    request("chat", { wanted: 0, needed: 0, placed: 0 }),
  ];
  expect(
    story([
      [0, [idle, request("chat", { wanted: 0, needed: 0, placed: 0 })]],
      [10, [idle, waits]],
      [20, moved],
      [60, moved],
      [120, over],
      [140, over],
    ]),
  ).toEqual([
    "0 s: as wanted",
    "10 s: vision 1, chat 1",
    "20 s: vision 1, chat 1",
    "60 s: vision 1, chat 1",
    "120 s: vision 2, chat 0",
    "140 s: as wanted",
  ]);
});

test("a new node is noticed by the pods that it has room for", () => {
  const busy = request("vision", { wanted: 3, needed: 3, placed: 1, unplaced: 2 });
  expect(
    story([
      [0, [busy, request("chat")]],
      [30, [{ ...busy, placed: 3, unplaced: 0 }, request("chat")]],
    ]),
  ).toEqual(["0 s: vision 1, chat 1", "30 s: vision 3, chat 1"]);
});

test("devices of another kind are not affected", () => {
  const short = request("vision", { wanted: 2, needed: 2, placed: 1, unplaced: 1 });
  const other = request("chat", { pool: "nvidia.com/gpu L4", wanted: 4, needed: 0, placed: 4 });
  expect(story([[0, [short, other]]])).toEqual(["0 s: vision 1"]);
});

test("two models that both need the only device take turns", () => {
  const pools = createDevicePools();
  const waited = { economy: 0, strict: 0 };
  let holder: keyof typeof waited = "strict";
  let changes = 0;
  for (let seconds = 0; seconds < 7_200; seconds += 1) {
    const of = (key: keyof typeof waited, kappa: number): PoolRequest =>
      request(key, {
        kappa,
        placed: key === holder ? 1 : 0,
        unplaced: key === holder ? 0 : 1,
        oldestWait: waited[key],
      });
    const given = pools.share([of("economy", 2), of("strict", 100)], seconds * 1000);
    const next = given.get("economy")?.replicas === 1 ? "economy" : "strict";
    if (next !== holder) changes += 1;
    holder = next;
    for (const key of ["economy", "strict"] as const) waited[key] = key === holder ? 0 : waited[key] + 1;
  }
  expect(changes).toBeGreaterThan(4);
  // Each change costs a start: there should be few more than tenure and waiting require.
  expect(changes).toBeLessThan(60);
});
