import { describe, expect, test } from "vitest";
import { systemClock } from "../../../../../runtime/base/clock.ts";
import { Fault } from "../../../../../runtime/base/fault.ts";
import { listFiles } from "../../../../../runtime/model/source/stores/list-files.ts";
import type { StoredFile, Store } from "../../../../../runtime/model/source/stores/store.ts";

const file: StoredFile = {
  path: "a",
  displayUrl: "s3://b/a",
  sizeBytes: 1,
  open: () => Promise.resolve({ reason: "unread" }),
};

/** A fake store that fails `failures` times, then answers. */
function store(failures: readonly Error[]): Store {
  const left = [...failures];
  return {
    displayUrl: "s3://b/a",
    isFolder: undefined,
    files: () => {
      const failure = left.shift();
      return failure === undefined ? Promise.resolve([file]) : Promise.reject(failure);
    },
  };
}

async function listed(
  failures: readonly Error[],
  maxElapsedMs = 1000,
): Promise<{ readonly found: unknown; readonly retries: string[] }> {
  const retries: string[] = [];
  const options = {
    clock: systemClock,
    signal: undefined,
    maxElapsedMs,
    pauseMs: 1,
    stallMs: 100,
    onRetry: ({ reason }: { reason: string }) => retries.push(reason),
  };
  const found = await listFiles(store(failures), options).catch((thrown: unknown) => Fault.from(thrown).sentence);
  return { found, retries };
}

describe("listing a store", () => {
  test("retries a store that does not answer and reports each retry", async () => {
    const busy = Object.assign(new Error("slow down"), { $metadata: { httpStatusCode: 503 } });
    expect(await listed([new Error("connect ECONNREFUSED"), busy])).toEqual({
      found: [file],
      retries: ["connect ECONNREFUSED", "it answered 503: slow down"],
    });
  });

  test("gives up after the time limit", async () => {
    const { found } = await listed(
      Array.from({ length: 1000 }, () => new Error("connect ECONNREFUSED")),
      20,
    );
    expect(found).toMatch(
      /^s3:\/\/b\/a could not be downloaded in \d+ attempts: connect ECONNREFUSED; check that the server is up and reachable from the pod$/,
    );
  });

  test("gives up on a store that never answers", async () => {
    const silent: Store = { displayUrl: "s3://b/a", isFolder: undefined, files: () => new Promise(() => {}) };
    const options = {
      clock: systemClock,
      signal: undefined,
      maxElapsedMs: 50,
      pauseMs: 1,
      stallMs: 60,
      onRetry: () => {},
    };
    await expect(listFiles(silent, options)).rejects.toMatchObject({
      message: "s3://b/a could not be downloaded in 1 attempt: no answer came in 0.06 s",
    });
  });

  test.each([
    [404, "there is no model at s3://b/a"],
    [403, "s3://b/a answered 403 (no); expected 200"],
    [401, "s3://b/a answered 401 (no); expected 200"],
  ])("does not ask again what was answered with %i", async (status, message) => {
    const { found, retries } = await listed([Object.assign(new Error("no"), { statusCode: status })]);
    expect(String(found)).toContain(message);
    expect(retries).toEqual([]);
  });
});
