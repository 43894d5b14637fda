import fc from "fast-check";
import { expect, test } from "vitest";
import { createRouteStore } from "../../../operator/routes/route-store.ts";
import type { Route } from "../../../runtime/contract/route-table.ts";

const names = fc.stringMatching(/^[a-z][a-z0-9.-]{0,20}$/);
const endpoints = fc.array(fc.record({ pod: names, address: fc.ipV4(), port: fc.constant(8501) }), { maxLength: 3 });
const revisions = fc.record({
  hash: names,
  version: fc.constantFrom("1", "2"),
  weight: fc.integer({ min: 0, max: 100 }),
  endpoints,
  draining: fc.array(fc.ipV4(), { maxLength: 2 }),
  labels: fc.constantFrom(["stable"], ["canary", "candidate"]),
});
const routes: fc.Arbitrary<Route> = fc.record(
  {
    key: fc.constantFrom("default/a", "default/b", "other/a"),
    resourceVersion: fc.integer({ min: 1, max: 3 }).map(String),
    model: names,
    port: fc.integer({ min: 20_000, max: 20_003 }),
    hostnames: fc.array(names, { maxLength: 3 }),
    revisions: fc.array(revisions, { maxLength: 2 }),
    hold: fc.constant({ maxRequests: 256, maxBytes: 1_024, timeoutMs: 60_000 }),
    sticky: fc.record({ cookie: names, salt: names }),
    bodyBytes: fc.constant(1_024),
    timeoutMs: fc.constant(60_000),
  },
  { requiredKeys: ["key", "model", "port", "hostnames", "revisions", "hold", "bodyBytes", "timeoutMs"] },
);

test("routes are found as they were stored, whatever others look like", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(routes, fc.boolean())), (changes) => {
      const store = createRouteStore();
      const want = new Map<string, Route>();
      for (const [route, isGone] of changes) {
        store.set(route.key, isGone ? undefined : route);
        if (isGone) want.delete(route.key);
        else want.set(route.key, route);
      }
      expect(store.all()).toEqual([...want.values()]);
      for (const [key, route] of want) expect(store.find(key)).toEqual(route);
    }),
  );
});

test("a route is changed when gateways have to act differently", () => {
  const store = createRouteStore();
  const route: Route = {
    key: "default/a",
    resourceVersion: "1",
    model: "a",
    port: 20_000,
    hostnames: ["a.default", "a.default.svc"],
    revisions: [],
    hold: { maxRequests: 256, maxBytes: 1_024, timeoutMs: 60_000 },
    bodyBytes: 1_024,
    timeoutMs: 60_000,
  };
  const isChanged = [
    store.set("default/a", undefined),
    store.set("default/a", route),
    store.set("default/a", { ...route, resourceVersion: "2" }),
    store.set("default/a", { ...route, hostnames: ["a.default"] }),
    store.set("default/a", undefined),
  ];
  expect(isChanged).toEqual([false, true, false, true, true]);
});
