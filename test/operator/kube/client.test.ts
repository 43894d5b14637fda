import { afterEach, describe, expect, test } from "vitest";

import { type Client, createClient } from "../../../operator/kube/client.ts";
import { plainConnection } from "../../../operator/kube/config.ts";
import { createHttpTransport } from "../../../operator/kube/http-transport.ts";
import type { ConfigMap } from "../../../operator/kube/kinds.ts";
import { resources } from "../../../operator/kube/resources.ts";
import type { Transport } from "../../../operator/kube/transport.ts";
import { Fault } from "../../../runtime/base/fault.ts";
import { createInstantClock, type InstantClock } from "./instant-clock.ts";
import {
  type Answer,
  hang,
  json,
  refusal,
  reset,
  resetWithinBody,
  type ScriptedServer,
  startScriptedServer,
} from "./scripted-server.ts";

let server: ScriptedServer;
let transport: Transport;
let client: Client;
let clock: InstantClock;

async function start(...answers: readonly Answer[]): Promise<void> {
  server = await startScriptedServer(...answers);
  transport = createHttpTransport({ connection: plainConnection(server.url) });
  clock = createInstantClock();
  client = createClient({ transport, fieldManager: "tester", clock, random: () => 0 });
}

afterEach(async () => {
  await transport.close();
  await server.stop();
});

const key = { namespace: "a", name: "b" };
const config: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata: key, data: { x: "1" } };
const stored = { ...config, metadata: { ...key, uid: "u", resourceVersion: "7" } };
const apply = (): Promise<unknown> => client.apply(resources.configMaps, config);
const get = (): Promise<unknown> => client.get(resources.configMaps, key);

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Fault)) throw new Error(`no fault, but ${String(thrown)}`);
  return thrown;
}

describe("what each verb sends", () => {
  const body = JSON.stringify(config);
  const applyType = "application/apply-patch+yaml";
  const one = "/api/v1/namespaces/a/configmaps/b";
  const table: readonly {
    verb: string;
    act: () => Promise<unknown>;
    want: { method: string; url: string; type?: string; body: string };
  }[] = [
    { verb: "get", act: get, want: { method: "GET", url: one, body: "" } },
    {
      verb: "list of a namespace",
      act: () => client.list(resources.configMaps, { namespace: "a", labelSelector: "x in (1,2)" }),
      want: {
        method: "GET",
        url: "/api/v1/namespaces/a/configmaps?labelSelector=x%20in%20(1%2C2)&limit=500",
        body: "",
      },
    },
    {
      verb: "list of all namespaces",
      act: () => client.list(resources.replicaSets),
      want: { method: "GET", url: "/apis/apps/v1/replicasets?limit=500", body: "" },
    },
    {
      verb: "create",
      act: () => client.create(resources.configMaps, config),
      want: {
        method: "POST",
        url: "/api/v1/namespaces/a/configmaps?fieldManager=tester",
        type: "application/json",
        body,
      },
    },
    {
      verb: "apply",
      act: apply,
      want: { method: "PATCH", url: `${one}?fieldManager=tester&force=false`, type: applyType, body },
    },
    {
      verb: "apply by force in another's name, as a dry run",
      act: () => client.apply(resources.configMaps, config, { force: true, fieldManager: "other", dryRun: true }),
      want: { method: "PATCH", url: `${one}?fieldManager=other&force=true&dryRun=All`, type: applyType, body },
    },
    {
      verb: "applyStatus",
      act: () => client.applyStatus(resources.configMaps, config),
      want: { method: "PATCH", url: `${one}/status?fieldManager=tester&force=false`, type: applyType, body },
    },
    {
      verb: "mergePatch of a subresource",
      act: () => client.mergePatch(resources.replicaSets, key, { spec: { replicas: 2 } }, { subresource: "scale" }),
      want: {
        method: "PATCH",
        url: "/apis/apps/v1/namespaces/a/replicasets/b/scale?fieldManager=tester",
        type: "application/merge-patch+json",
        body: '{"spec":{"replicas":2}}',
      },
    },
    {
      verb: "remove",
      act: () => client.remove(resources.configMaps, key, { preconditions: { uid: "u", resourceVersion: "7" } }),
      want: {
        method: "DELETE",
        url: one,
        type: "application/json",
        body: '{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Background","preconditions":{"uid":"u","resourceVersion":"7"}}',
      },
    },
  ];
  test.each(table)("$verb", async ({ act, want }) => {
    await start(json({ ...stored, items: [] }));
    await act();
    const sent = server.seen.map(({ method, url, headers, body }) => {
      const type = headers["content-type"];
      return { method, url, body, ...(type === undefined ? {} : { type }) };
    });
    expect(sent).toEqual([want]);
  });
});

describe("a busy server", () => {
  const busy = (seconds?: number): Answer =>
    refusal(429, "TooManyRequests", "slow down", seconds === undefined ? {} : { "retry-after": String(seconds) });

  test("is retried after the time in Retry-After", async () => {
    await start(busy(3), refusal(503, "ServiceUnavailable", "restarting", { "retry-after": "1" }), json(stored));
    expect(await apply()).toEqual(stored);
    expect(clock.sleptMs).toEqual([3_000, 1_000]);
  });

  test("without Retry-After is retried with growing delays", async () => {
    await start(busy(), busy(), busy(), json(stored));
    await apply();
    expect(clock.sleptMs).toEqual([100, 200, 400]);
  });

  test("fails at the deadline with the server's message", async () => {
    await start(busy(20));
    const { code, message, retry } = await faultOf(apply());
    expect({ code, message, retry, sleptMs: clock.sleptMs, requests: server.seen.length }).toEqual({
      code: "TooManyRequests",
      message: "apply ConfigMap a/b was refused: slow down",
      retry: "backoff",
      sleptMs: [20_000],
      requests: 2,
    });
  });

  test("with the same Retry-After is retried by clients at different times", async () => {
    await start(busy(10), json(stored));
    const late = createClient({ transport, fieldManager: "tester", clock, random: () => 0.5 });
    await late.apply(resources.configMaps, config);
    expect(clock.sleptMs).toEqual([10_500]);
  });
});

describe("a failing server", () => {
  test("a read without a response is retried", async () => {
    await start(reset, resetWithinBody, json(stored));
    expect(await get()).toEqual(stored);
    expect(clock.sleptMs).toEqual([100, 200]);
  });

  test("a write without a response is not retried, because it may have been applied", async () => {
    await start(reset);
    const { code, retry } = await faultOf(apply());
    expect({ code, retry, requests: server.seen.length }).toEqual({
      code: "NoResponse",
      retry: "backoff",
      requests: 1,
    });
  });

  test("a 500 is left to the caller", async () => {
    await start(refusal(500, "InternalError", "etcd is away"));
    const { code, message } = await faultOf(get());
    expect({ code, message, requests: server.seen.length }).toEqual({
      code: "ServerError",
      message: "get ConfigMap a/b was refused: etcd is away",
      requests: 1,
    });
  });

  test("a server that hangs fails at the deadline", async () => {
    await start(hang);
    const impatient = createClient({ transport, fieldManager: "tester", deadlineMs: 60 });
    const { code } = await faultOf(impatient.apply(resources.configMaps, config));
    expect(code).toBe("DeadlineExceeded");
  });

  test("a success that is not JSON is a fault", async () => {
    await start((response) => response.end("<html>"));
    const { code, message } = await faultOf(get());
    expect({ code, message }).toEqual({
      code: "BrokenResponse",
      message: `get ConfigMap a/b got a response that cannot be read: Unexpected token '<', "<html>" is not valid JSON`,
    });
  });
});

describe("lists", () => {
  const item = (name: string): object => ({ metadata: { name, uid: name, resourceVersion: "1" } });
  const page = (names: readonly string[], next?: string): Answer =>
    json({
      metadata: { resourceVersion: "9", ...(next === undefined ? {} : { continue: next }) },
      items: names.map(item),
    });

  test("are read to the last page, and each item gets its kind", async () => {
    await start(page(["a"], "token/1"), page(["b"]));
    expect(await client.list(resources.configMaps)).toEqual({
      items: [
        { apiVersion: "v1", kind: "ConfigMap", ...item("a") },
        { apiVersion: "v1", kind: "ConfigMap", ...item("b") },
      ],
      resourceVersion: "9",
    });
    expect(server.seen.map(({ url }) => url)).toEqual([
      "/api/v1/configmaps?limit=500",
      "/api/v1/configmaps?limit=500&continue=token%2F1",
    ]);
  });

  test("whose continue token has expired are read again without pages", async () => {
    await start(page(["a"], "old"), refusal(410, "Expired", "too old"), page(["a", "b"]));
    const { items } = await client.list(resources.configMaps);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    expect(server.seen.at(-1)?.url).toBe("/api/v1/configmaps");
  });

  test("of a kind that the server does not know are NotFound", async () => {
    await start(refusal(404, "NotFound", "the server could not find the requested resource"));
    expect((await faultOf(client.list(resources.modelDeployments))).sentence).toBe(
      "list modeldeployments was refused: the server could not find the requested resource",
    );
  });
});

describe("missing objects", () => {
  test("are undefined to get and false to remove", async () => {
    await start(refusal(404, "NotFound", 'configmaps "b" not found'));
    expect([await get(), await client.remove(resources.configMaps, key)]).toEqual([undefined, false]);
  });
});

test("reports each attempt to metrics, with status 0 when there was no response", async () => {
  await start(reset, refusal(503, "ServiceUnavailable", "later"), json(stored));
  const attempts: object[] = [];
  const observed = createClient({
    transport,
    fieldManager: "tester",
    clock,
    random: () => 0,
    observe: (request) => attempts.push(request),
  });
  await observed.get(resources.configMaps, key);
  expect(attempts).toEqual([
    { verb: "get", kind: "ConfigMap", status: 0, durationMs: 0 },
    { verb: "get", kind: "ConfigMap", status: 503, durationMs: 0 },
    { verb: "get", kind: "ConfigMap", status: 200, durationMs: 0 },
  ]);
});
