import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Route, TableMessage } from "../../../../../runtime/contract/route-table.ts";
import { messageReader } from "../../../../../runtime/gateway/routing/messages/message-reader.ts";
import { revisionOf, routeOf } from "../../builders/live-routes.ts";

const word = fc.string({ unit: "grapheme", maxLength: 8 });
const anyRoute = fc
  .record({
    key: word,
    model: fc.oneof(word, fc.constant('"}]{[\\')),
    hostnames: fc.array(word, { maxLength: 2 }),
    pods: fc.nat(3),
  })
  .map(({ pods, hostnames, ...names }) =>
    routeOf([revisionOf("a1", 100, pods)], { ...names, hostnames: hostnames.map((name) => name.toLowerCase()) }),
  );
const seen = { deployments: "7", pods: "8" };
const anyMessage: fc.Arbitrary<TableMessage> = fc.oneof(
  fc
    .record({ version: fc.nat(), routes: fc.array(anyRoute, { maxLength: 4 }) })
    .map((full) => ({ type: "full" as const, ...full, seen })),
  fc
    .record({ version: fc.nat(), upsert: fc.array(anyRoute, { maxLength: 2 }), remove: fc.array(word) })
    .map((delta) => ({ type: "delta" as const, ...delta })),
  fc.constant({ type: "ping" as const, seen }),
);

function read(bytes: Buffer, cuts: readonly number[], known: (key: string) => Route | undefined = () => undefined) {
  const edges = [0, ...cuts.filter((cut) => cut < bytes.length), bytes.length].toSorted((a, b) => a - b);
  const messages: TableMessage[] = [];
  const take = messageReader((message) => messages.push(message), known);
  edges.slice(1).forEach((edge, i) => take(bytes.subarray(edges[i], edge)));
  return messages;
}

const text = (messages: readonly object[]): Buffer =>
  Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));

/** Hostnames that are found by the route's key are dropped when full tables are parsed. */
const isPlain = ({ key, hostnames }: Route): boolean =>
  hostnames.every((name) => key !== `${name.split(".")[0] ?? ""}/${name.split(".")[1] ?? ""}`);

describe("the messages of a route stream", () => {
  test("are parsed the same however the stream is split, also within a character", () => {
    fc.assert(
      fc.property(
        fc.array(anyMessage, { maxLength: 4 }),
        fc.array(fc.nat(3_000), { maxLength: 12 }),
        (messages, cuts) => {
          fc.pre(messages.every((message) => message.type !== "full" || message.routes.every(isPlain)));
          expect(read(text(messages), cuts)).toEqual(messages);
        },
      ),
    );
  });

  test("keep the current objects of unchanged routes, and the other fields of the message", () => {
    const served = routeOf([revisionOf("a1", 100)], { key: "default/served", resourceVersion: "4" });
    const changed = routeOf([revisionOf("a1", 100)], { key: "default/changed" });
    const changedRoute = { ...changed, revisions: [revisionOf("a1", 100, 2)] };
    const hostnames = ["Served.Default.svc", "other.example.com"];
    const known = new Map(
      [served, changed].map((route) => [route.key, { ...route, hostnames: ["other.example.com"] }]),
    );
    const [message] = read(
      text([{ type: "full", version: 3, routes: [{ ...served, hostnames }, changedRoute], seen, later: [1] }]),
      [],
      (key) => known.get(key),
    );
    expect(message).toEqual({
      type: "full",
      version: 3,
      seen,
      later: [1],
      routes: [known.get("default/served"), changedRoute],
    });
    expect(message?.type === "full" && message.routes[0] === known.get("default/served")).toBe(true);
  });

  test("may have their fields in any order, and other fields before", () => {
    const routes = [routeOf([revisionOf("a1", 100)])];
    const messages = [
      { routes, version: 1, type: "full" },
      { type: "full", seen, version: 2, routes },
    ];
    expect(read(text(messages), [5])).toEqual(messages);
  });

  test("that are not JSON are refused, in a full table as well", () => {
    for (const wrong of [
      '{"type":\n',
      '{"type":"full","version":1,"routes":[{"key"}]}\n',
      '{"type":"full","version":1,"routes":[]]}\n',
    ])
      expect(() => read(Buffer.from(wrong), []), wrong).toThrow(SyntaxError);
  });
});
