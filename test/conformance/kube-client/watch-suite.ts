import { afterEach, expect, test } from "vitest";

import { type Cache, createCache } from "../../../operator/kube/cache.ts";
import { createClient } from "../../../operator/kube/client.ts";
import type { ConfigMap } from "../../../operator/kube/kinds.ts";
import { type Resource, resources } from "../../../operator/kube/resources.ts";
import type { KubeRequest, Transport } from "../../../operator/kube/transport.ts";
import { startWatch, type Watch, type WatchEnd } from "../../../operator/kube/watch/watch.ts";
import { readWatch, type StreamEnd } from "../../../operator/kube/watch/watch-stream.ts";
import { systemClock } from "../../../runtime/base/clock.ts";
import { type SuiteContext, configMap, eventually, modelDeployment } from "./suite-context.ts";

/** Watches over the wire, and the cache that they fill. */
export function watchSuite(context: SuiteContext): void {
  const { client, namespace } = context;
  const { configMaps } = resources;
  const watches: Watch[] = [];

  afterEach(async () => {
    await Promise.all(watches.splice(0).map((watch) => watch.stop()));
  });

  /** A cache of the objects with one label, kept up to date over this transport. */
  function watched(label: string, transport: Transport = context.transport, resource: Resource = configMaps) {
    const cache: Cache<ConfigMap> = createCache();
    const reported: string[] = [];
    const ends: WatchEnd[] = [];
    cache.subscribe(({ type, object }) => reported.push(`${type} ${object.metadata.name}`));
    watches.push(
      startWatch({
        client: createClient({ transport, fieldManager: "conformance" }),
        resource,
        selection: { namespace, labelSelector: `watched=${label}` },
        sink: cache,
        // Reconnects at once, so that the tests need not wait.
        clock: { ...systemClock, sleep: () => systemClock.sleep(10) },
        onEnd: (end) => ends.push(end),
      }),
    );
    return { cache, reported, ends };
  }
  const labelled = (label: string, key = context.key()): ConfigMap => configMap({ ...key, labels: { watched: label } });

  test("reports the initial list and every change after it", async () => {
    const before = labelled("first");
    await client.create(configMaps, before);
    const { cache, reported } = watched("first");
    await cache.untilSynced();
    const after = labelled("first");
    await client.create(configMaps, after);
    await client.mergePatch(configMaps, { namespace, name: after.metadata.name ?? "" }, { data: { a: "2" } });
    await client.remove(configMaps, { namespace, name: before.metadata.name ?? "" });
    await eventually(() =>
      expect(reported).toEqual([
        `added ${before.metadata.name}`,
        `added ${after.metadata.name}`,
        `modified ${after.metadata.name}`,
        `removed ${before.metadata.name}`,
      ]),
    );
    expect(cache.all().map(({ data, kind }) => ({ data, kind }))).toEqual([{ data: { a: "2" }, kind: "ConfigMap" }]);
  });

  test("an object that leaves the selection is removed, one that enters it is added", async () => {
    const key = context.key();
    await client.create(configMaps, labelled("moving", key));
    const { cache, reported } = watched("moving");
    await cache.untilSynced();
    await client.mergePatch(configMaps, key, { metadata: { labels: { watched: "elsewhere" } } });
    await client.mergePatch(configMaps, key, { metadata: { labels: { watched: "moving" } } });
    await eventually(() => expect(reported).toEqual([`added ${key.name}`, `removed ${key.name}`, `added ${key.name}`]));
  });

  test("a cache has seen a write as soon as the watch has delivered it", async () => {
    const { cache } = watched("own-write");
    await cache.untilSynced();
    const { metadata } = await client.create(configMaps, labelled("own-write"));
    await cache.untilSeen(metadata.resourceVersion);
    expect(cache.find({ namespace, name: metadata.name })?.metadata.uid).toBe(metadata.uid);
  });

  test("changes during a broken connection are reported after it", async () => {
    const gate = interrupted(context.transport);
    const { cache, reported } = watched("gap", gate.transport);
    const [kept, lost, renewed] = [context.key(), context.key(), context.key()];
    await client.create(configMaps, labelled("gap", lost));
    await client.create(configMaps, labelled("gap", renewed));
    await cache.untilSynced();
    await eventually(() => expect(reported).toHaveLength(2));
    gate.close();
    await client.create(configMaps, labelled("gap", kept));
    await client.remove(configMaps, lost);
    await client.remove(configMaps, renewed);
    await client.create(configMaps, labelled("gap", renewed));
    gate.open();
    await eventually(() => expect(reported).toHaveLength(6));
    expect(reported.slice(2)).toEqual([
      `added ${kept.name}`,
      `removed ${lost.name}`,
      `removed ${renewed.name}`,
      `added ${renewed.name}`,
    ]);
  });

  test("an expired resourceVersion causes a relist, after which the cache is complete", async () => {
    const { modelDeployments } = resources;
    const labels = { watched: "expired" };
    const [kept, lost, renewed] = [context.key(), context.key(), context.key()];
    await client.create(modelDeployments, modelDeployment({ ...lost, labels }));
    await client.create(modelDeployments, modelDeployment({ ...renewed, labels }));
    const gate = interrupted(context.transport, ({ path, ...request }) => ({
      ...request,
      // Older than all history of the kind.
      path: path.replace(/([?&]resourceVersion)=\d+/, "$1=1"),
    }));
    const { cache, reported, ends } = watched("expired", gate.transport, modelDeployments);
    await cache.untilSynced();
    gate.close();
    // More changes than the model's `historySize` in this suite.
    for (let count = 0; count < 10; count++) await client.create(modelDeployments, modelDeployment(context.key()));
    await client.create(modelDeployments, modelDeployment({ ...kept, labels }));
    await client.remove(modelDeployments, lost);
    await client.remove(modelDeployments, renewed);
    await client.create(modelDeployments, modelDeployment({ ...renewed, labels }));
    gate.open();
    await eventually(() => expect(reported).toHaveLength(6));
    expect(reported.slice(2).sort()).toEqual(
      [`added ${kept.name}`, `added ${renewed.name}`, `removed ${lost.name}`, `removed ${renewed.name}`].sort(),
    );
    expect(ends.map(({ reason }) => reason)).toContain("expired");
  });

  /** Reads one watch connection until the server ends it. */
  async function raw(parameters: Readonly<Record<string, string>>): Promise<{ events: RawEvent[]; end: StreamEnd }> {
    const controller = new AbortController();
    const stream = await client.openWatch(
      configMaps,
      { namespace, labelSelector: "watched=raw" },
      { parameters: { watch: "true", allowWatchBookmarks: "true", ...parameters }, signal: controller.signal },
    );
    const events: RawEvent[] = [];
    const end = await readWatch<ConfigMap>("watch", stream.chunks, ({ type, object: { metadata } }) => {
      const isInitialEnd = metadata.annotations?.["k8s.io/initial-events-end"] === "true";
      events.push({ type: isInitialEnd ? "INITIAL-END" : type, version: metadata.resourceVersion });
    });
    controller.abort();
    return { events, end };
  }

  test("a bookmark advances an idle watch, and the server ends it at its timeoutSeconds", async () => {
    const { resourceVersion } = await client.list(configMaps, { namespace });
    const reading = raw({ resourceVersion, timeoutSeconds: "4" });
    await systemClock.sleep(200);
    const { metadata } = await client.create(configMaps, configMap(context.key()));
    const { events, end } = await reading;
    expect({ types: [...new Set(events.map(({ type }) => type))], end }).toEqual({
      types: ["BOOKMARK"],
      end: { reason: "closed" },
    });
    expect(BigInt(events.at(-1)?.version ?? 0)).toBeGreaterThanOrEqual(BigInt(metadata.resourceVersion));
  });

  test("a streamed list ends with its bookmark", async () => {
    await client.create(configMaps, labelled("raw"));
    const { events } = await raw({
      sendInitialEvents: "true",
      resourceVersionMatch: "NotOlderThan",
      timeoutSeconds: "1",
    });
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(["ADDED", "INITIAL-END"]);
  });
}

interface RawEvent {
  readonly type: string;
  readonly version: string;
}

/** A transport whose streams can be cut; while it is closed, none can be opened. */
function interrupted(transport: Transport, changed: (request: KubeRequest) => KubeRequest = (request) => request) {
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  let cut = new AbortController();
  return {
    close() {
      gate = Promise.withResolvers();
      cut.abort();
      cut = new AbortController();
    },
    open: () => gate.resolve(),
    transport: {
      ...transport,
      async open(request: KubeRequest) {
        await gate.promise;
        const signal = AbortSignal.any([cut.signal, ...(request.signal === undefined ? [] : [request.signal])]);
        return transport.open(changed({ ...request, signal }));
      },
    },
  };
}
