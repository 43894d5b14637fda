import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { type Cache, createCache } from "../../../operator/kube/cache.ts";
import { eventProjection } from "../../../operator/kube/json/event-projection.ts";
import type { ConfigMap, Stored } from "../../../operator/kube/kinds.ts";

type Item = ConfigMap & Stored;

function item(name: string, uid: string, resourceVersion: number, labels: Record<string, string> = {}): Item {
  const metadata = { namespace: "a", name, uid, resourceVersion: String(resourceVersion), labels };
  return { apiVersion: "v1", kind: "ConfigMap", metadata };
}

/** A cache with an index by the label `app`, and its changes as `type name/uid@version`. */
function recorded(packedFrom: number): { cache: Cache<ConfigMap, "app">; reported: string[] } {
  const cache = createCache<ConfigMap, "app">({
    packedFrom,
    indexes: { app: ({ metadata }) => (metadata.labels?.["app"] === undefined ? [] : [metadata.labels["app"]]) },
  });
  const reported: string[] = [];
  cache.subscribe(({ type, object: { metadata } }) =>
    reported.push(`${type} ${metadata.name}/${metadata.uid}@${metadata.resourceVersion}`),
  );
  return { cache, reported };
}

const kept = eventProjection({ metadata: true }).objects;

/** Replaces the state object by object, as a watch does. */
function replaceByBuilder(cache: Cache<ConfigMap, "app">, objects: readonly Item[], resourceVersion: string): void {
  const state = cache.buildState?.(kept);
  for (const object of objects) {
    const json = jsonOf(object);
    if (state?.addJson?.(json) !== true) state?.add(object, json);
  }
  state?.complete(resourceVersion);
}

/** Applies a change as a watch does; true when its JSON need not be parsed. */
function apply(cache: Cache<ConfigMap, "app">, object: Item): boolean {
  const json = jsonOf(object);
  const taken = cache.upsertJson?.(json);
  if (taken === undefined) cache.upsert(object, json);
  else expect(taken).toBe(object.metadata.resourceVersion);
  return taken !== undefined;
}

function jsonOf(object: Item): Buffer {
  return Buffer.from(JSON.stringify(object));
}

describe.each([
  { packedFrom: 1_000, as: "as they are" },
  { packedFrom: 2, as: "from the third on packed" },
  { packedFrom: 0, as: "packed" },
])("of a cache that keeps objects $as", ({ packedFrom }) => {
  describe("changes of a cache", () => {
    const table: readonly {
      sentence: string;
      act: (cache: Cache<ConfigMap, "app">) => void;
      want: readonly string[];
    }[] = [
      {
        sentence: "the first list is reported as additions",
        act: (cache) => cache.replace([item("x", "1", 1), item("y", "2", 2)], "5"),
        want: ["added x/1@1", "added y/2@2"],
      },
      {
        sentence: "a relist reports only what differs",
        act(cache) {
          cache.replace([item("x", "1", 1), item("y", "2", 2), item("z", "3", 3)], "5");
          cache.replace([item("x", "1", 1), item("z", "3", 6)], "8");
        },
        want: ["added x/1@1", "added y/2@2", "added z/3@3", "removed y/2@2", "modified z/3@6"],
      },
      {
        sentence: "an object deleted and recreated in a gap is removed and added",
        act(cache) {
          cache.replace([item("x", "1", 1)], "5");
          cache.replace([item("x", "9", 7)], "8");
        },
        want: ["added x/1@1", "removed x/1@1", "added x/9@7"],
      },
      {
        sentence: "the same by a single event without a relist",
        act(cache) {
          cache.upsert(item("x", "1", 1));
          cache.upsert(item("x", "9", 7));
        },
        want: ["added x/1@1", "removed x/1@1", "added x/9@7"],
      },
      {
        sentence: "a duplicate event is reported once",
        act(cache) {
          cache.upsert(item("x", "1", 1));
          cache.upsert(item("x", "1", 1));
          cache.remove(item("x", "1", 2));
          cache.remove(item("x", "1", 2));
        },
        want: ["added x/1@1", "removed x/1@1"],
      },
      {
        sentence: "an event older than the stored object is ignored",
        act(cache) {
          cache.upsert(item("x", "1", 4));
          cache.upsert(item("x", "1", 3));
        },
        want: ["added x/1@4"],
      },
      {
        sentence: "the removal of an earlier object of the same name leaves the current one alone",
        act(cache) {
          cache.upsert(item("x", "9", 7));
          cache.remove(item("x", "1", 6));
        },
        want: ["added x/9@7"],
      },
    ];
    test.each(table)("$sentence", ({ act, want }) => {
      const { cache, reported } = recorded(packedFrom);
      act(cache);
      expect(reported).toEqual(want);
    });

    test("a change carries the previous object and is visible when it is reported", () => {
      const { cache } = recorded(packedFrom);
      cache.upsert(item("x", "1", 1));
      const seen: unknown[] = [];
      cache.subscribe(({ previous, object }) =>
        seen.push(
          [previous, object]
            .map((one) => one?.metadata.resourceVersion)
            .concat([cache.find({ namespace: "a", name: "x" })?.metadata.resourceVersion]),
        ),
      );
      cache.upsert(item("x", "1", 2));
      expect(seen).toEqual([["1", "2", "2"]]);
    });

    test("a subscription can be ended", () => {
      const { cache } = recorded(packedFrom);
      let count = 0;
      const end = cache.subscribe(() => count++);
      cache.upsert(item("x", "1", 1));
      end();
      cache.upsert(item("x", "1", 2));
      expect(count).toBe(1);
    });
  });

  describe("look-ups in a cache", () => {
    test("find objects by name, UID and index", () => {
      const { cache } = recorded(packedFrom);
      cache.replace([item("x", "1", 1, { app: "red" }), item("y", "2", 2, { app: "red" }), item("z", "3", 3)], "5");
      cache.upsert(item("y", "2", 6, { app: "blue" }));
      const names = (objects: readonly Item[]): string[] => objects.map(({ metadata }) => metadata.name);
      expect({
        x: cache.find({ namespace: "a", name: "x" })?.metadata.uid,
        elsewhere: cache.find({ namespace: "b", name: "x" }),
        two: cache.withUid("2")?.metadata.name,
        red: names(cache.withIndex("app", "red")),
        blue: names(cache.withIndex("app", "blue")),
        green: names(cache.withIndex("app", "green")),
        all: names(cache.all()),
        size: cache.size,
      }).toEqual({
        x: "1",
        elsewhere: undefined,
        two: "y",
        red: ["x"],
        blue: ["y"],
        green: [],
        all: ["x", "y", "z"],
        size: 3,
      });
    });

    test("find objects without managedFields and without what the caller trims", () => {
      const cache = createCache<ConfigMap>({ packedFrom, trim: ({ data: _dropped, ...kept }) => kept });
      const raw = { ...item("x", "1", 1), data: { big: "…" } };
      const managed = { managedFields: [{ manager: "kubectl" }] };
      cache.upsert({ ...raw, metadata: { ...raw.metadata, ...managed } });
      expect(cache.all()).toEqual([item("x", "1", 1)]);
    });
  });

  describe("the resourceVersion of a cache", () => {
    test("is the newest one received, compared as a number", () => {
      const { cache } = recorded(packedFrom);
      const before = { synced: cache.synced, resourceVersion: cache.resourceVersion };
      cache.replace([item("x", "1", 9)], "9");
      cache.bookmark("10");
      cache.bookmark("2");
      expect({
        before,
        synced: cache.synced,
        seen: ["9", "10", "11"].map((version) => cache.hasSeen(version)),
      }).toEqual({
        before: { synced: false, resourceVersion: "0" },
        synced: true,
        seen: [true, true, false],
      });
    });

    test("resolves waiters for a version as soon as it is reached", async () => {
      const { cache } = recorded(packedFrom);
      const order: string[] = [];
      const waiting = ["7", "8"].map((version) => cache.untilSeen(version).then(() => order.push(version)));
      cache.upsert(item("x", "1", 7));
      await Promise.resolve();
      await Promise.resolve();
      expect(order).toEqual(["7"]);
      cache.remove(item("x", "1", 8));
      await Promise.all(waiting);
      await cache.untilSeen("8");
      expect(order).toEqual(["7", "8"]);
    });

    test("goes back with an older list, as after a restored backup", () => {
      const { cache } = recorded(packedFrom);
      cache.replace([item("x", "1", 9)], "9");
      cache.replace([item("x", "1", 4)], "5");
      expect([cache.resourceVersion, cache.hasSeen("9"), cache.all().length]).toEqual(["5", false, 1]);
    });

    test("resolves waiters for the first list", async () => {
      const { cache } = recorded(packedFrom);
      cache.replace([], "1");
      await cache.untilSynced();
      expect(cache.synced).toBe(true);
    });
  });

  test("a change similar to earlier ones is applied without parsing, an older one changes nothing", () => {
    const { cache, reported } = recorded(packedFrom);
    replaceByBuilder(cache, [item("x", "1", 1), item("y", "2", 2)], "5");
    reported.length = 0;
    const changes = [item("z", "3", 6), item("x", "1", 7), item("x", "1", 6), item("x", "1", 8, { app: "red" })];
    expect(changes.map((change) => apply(cache, change))).toEqual([true, true, true, false]);
    expect(reported).toEqual(["added z/3@6", "modified x/1@7", "modified x/1@8"]);
    expect([cache.resourceVersion, cache.find({ namespace: "a", name: "z" })]).toEqual(["8", item("z", "3", 6)]);
  });

  test("whatever is received, the final state agrees with the reported changes and the indexes", () => {
    const version = { next: 1 };
    const change = fc.record({
      act: fc.constantFrom("upsert", "come", "remove", "replace", "gather"),
      name: fc.constantFrom("x", "y", "z"),
      uid: fc.constantFrom("1", "2"),
      app: fc.constantFrom("red", "blue"),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const cache = createCache<ConfigMap, "app">({
          packedFrom,
          indexes: { app: ({ metadata }) => [metadata.labels?.["app"] ?? ""] },
        });
        const reported = new Map<string, Item>();
        cache.subscribe(({ type, object }) => {
          expect(reported.has(object.metadata.uid)).toBe(type !== "added");
          if (type === "removed") reported.delete(object.metadata.uid);
          else reported.set(object.metadata.uid, object);
        });
        for (const { act, name, uid, app } of changes) {
          const object = item(name, `${name}-${uid}`, version.next++, { app });
          if (act === "upsert") cache.upsert(object);
          else if (act === "come") apply(cache, object);
          else if (act === "remove") cache.remove(object);
          else if (act === "replace") cache.replace([object], object.metadata.resourceVersion);
          else replaceByBuilder(cache, [object], object.metadata.resourceVersion);
          if (act !== "remove") expect(cache.find(object.metadata)).toEqual(object);
        }
        const sorted = (objects: Iterable<Item>): Item[] =>
          [...objects].sort((one, other) => one.metadata.uid.localeCompare(other.metadata.uid));
        expect(sorted(cache.all())).toEqual(sorted(reported.values()));
        expect(sorted([...cache.withIndex("app", "red"), ...cache.withIndex("app", "blue")])).toEqual(
          sorted(reported.values()),
        );
      }),
    );
  });
});
