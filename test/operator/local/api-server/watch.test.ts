import { expect, test } from "vitest";

import { configMap, configMaps, createScene } from "./scene.ts";

test("a watch without a resourceVersion starts with the current objects, sorted by name", async () => {
  const { request, watch, clock } = createScene();
  await request("POST", configMaps, configMap("b"));
  await request("POST", configMaps, configMap("a"));
  const { events } = await watch(configMaps);
  await clock.settle();
  expect(events).toEqual(["ADDED a@7", "ADDED b@6"]);
});

test("a watch from a resourceVersion gets every later change, and deletions with their own resourceVersion", async () => {
  const { request, watch, clock } = createScene();
  await request("POST", configMaps, configMap("a"));
  await request("PUT", `${configMaps}/a`, { ...configMap("a"), data: { k: "v" } });
  await request("DELETE", `${configMaps}/a`);
  const { events } = await watch(`${configMaps}?resourceVersion=6`);
  await request("POST", configMaps, configMap("b"));
  await clock.settle();
  expect(events).toEqual(["MODIFIED a@7", "DELETED a@8", "ADDED b@9"]);
});

test("an object that starts to match a label selector is ADDED, one that stops is DELETED", async () => {
  const { request, watch, clock } = createScene();
  await request("POST", configMaps, configMap("a"));
  const { events } = await watch(`${configMaps}?resourceVersion=6&labelSelector=color%3Dred`);
  const paint = (color: string | null) =>
    request("PATCH", `${configMaps}/a`, { metadata: { labels: { color } } }, "application/merge-patch+json");
  await paint("blue");
  await paint("red");
  await request("PATCH", `${configMaps}/a`, { data: { k: "v" } }, "application/merge-patch+json");
  await paint(null);
  await request("DELETE", `${configMaps}/a`);
  await clock.settle();
  expect(events).toEqual(["ADDED a@8", "MODIFIED a@9", "DELETED a@10"]);
});

test("a watch of one namespace and name gets no other events", async () => {
  const { request, watch, clock } = createScene();
  const { events } = await watch(`${configMaps}?resourceVersion=1&fieldSelector=metadata.name%3Da`);
  await request("POST", configMaps, configMap("b"));
  await request("POST", "/api/v1/namespaces/kube-system/configmaps", configMap("a"));
  await request("POST", configMaps, configMap("a"));
  await clock.settle();
  expect(events).toEqual(["ADDED a@8"]);
});

test("a streamed list ends with its bookmark, then changes follow", async () => {
  const { request, watch, clock } = createScene();
  await request("POST", configMaps, configMap("a"));
  const { events } = await watch(
    `${configMaps}?sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
  );
  await request("POST", configMaps, configMap("b"));
  await clock.settle();
  expect(events).toEqual(["ADDED a@6", "INITIAL-END 6", "ADDED b@7"]);
});

test("a version older than the history is refused with 410 in the stream", async () => {
  const { request, watch, clock } = createScene({ historySize: 2 });
  for (const name of ["a", "b", "c", "d"]) await request("POST", configMaps, configMap(name));
  const old = await watch(`${configMaps}?resourceVersion=6`);
  const recent = await watch(`${configMaps}?resourceVersion=7`);
  await clock.settle();
  expect(old.events).toEqual(["ERROR 410"]);
  expect(old.isOver()).toBe(true);
  expect(recent.events).toEqual(["ADDED c@8", "ADDED d@9"]);
});

test("after a compaction every earlier version is refused", async () => {
  const { server, request, watch, clock } = createScene();
  await request("POST", configMaps, configMap("a"));
  await request("POST", configMaps, configMap("b"));
  server.store.compact();
  const { events } = await watch(`${configMaps}?resourceVersion=6`);
  const { events: current } = await watch(`${configMaps}?resourceVersion=7`);
  await request("POST", configMaps, configMap("c"));
  await clock.settle();
  expect({ events, current }).toEqual({ events: ["ERROR 410"], current: ["ADDED c@8"] });
});

test("bookmarks come every minute and two seconds before the end", async () => {
  const { request, watch, clock } = createScene();
  const { events, isOver } = await watch(`${configMaps}?resourceVersion=5&allowWatchBookmarks=true&timeoutSeconds=90`);
  await clock.advance(60_000);
  expect(events).toEqual(["BOOKMARK 5"]);
  await request("POST", "/api/v1/namespaces/kube-system/configmaps", configMap("elsewhere"));
  await clock.advance(29_000);
  expect(events).toEqual(["BOOKMARK 5", "BOOKMARK 6"]);
  await clock.advance(1000);
  expect({ isOver: isOver(), timers: clock.pending }).toEqual({ isOver: true, timers: 0 });
});

test("a watch that the client closes leaves no timer behind", async () => {
  const { watch, clock } = createScene();
  const { close, isOver } = await watch(`${configMaps}?allowWatchBookmarks=true`);
  close();
  await clock.settle();
  expect({ isOver: isOver(), timers: clock.pending }).toEqual({ isOver: true, timers: 0 });
});
