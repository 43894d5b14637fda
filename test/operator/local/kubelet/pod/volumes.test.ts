import { mkdtemp, readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DownwardApiFile, ObjectMeta, Pod, Volume } from "../../../../../operator/kube/kinds.ts";
import type { ConfigReader } from "../../../../../operator/local/kubelet/pod/config-reader.ts";
import { containerMounts, mountedVolumes, refreshVolumes } from "../../../../../operator/local/kubelet/pod/volumes.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "modelwright-volumes-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const config: ConfigReader = {
  contents: (kind, name) => {
    const all: Readonly<Record<string, Readonly<Record<string, Buffer>>>> = {
      "ConfigMap model": { note: Buffer.from("text"), "m.h5": Buffer.from([0, 255, 1]) },
      "Secret ca": { "ca.crt": Buffer.from("PEM") },
    };
    const found = all[`${kind} ${name}`];
    return Promise.resolve(found && new Map(Object.entries(found)));
  },
};
const sources = { config, claims: { models: "/srv/models" }, clock: { now: () => Date.UTC(2026, 1, 3, 4, 5, 6) } };

function podWith(volume: Omit<Volume, "name">, metadata: ObjectMeta = {}): Pod {
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [], volumes: [{ name: "v", ...volume }] } };
}

async function mounted(volume: Omit<Volume, "name">, metadata: ObjectMeta = {}) {
  return (await mountedVolumes(podWith(volume, metadata), folder, sources)).get("v") ?? "";
}

async function contents(path: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(path, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.slice(path.length + 1), await readFile(file)] as const)),
  );
}

test("a ConfigMap becomes one file per key, with its bytes unchanged", async () => {
  expect(await contents(await mounted({ configMap: { name: "model" } }))).toEqual({
    note: Buffer.from("text"),
    "m.h5": Buffer.from([0, 255, 1]),
  });
});

test("a Secret becomes one file per key", async () => {
  expect(await contents(await mounted({ secret: { secretName: "ca" } }))).toEqual({ "ca.crt": Buffer.from("PEM") });
});

test("items select keys and name their files", async () => {
  const items = [{ key: "m.h5", path: "1/model.h5" }];
  expect(await contents(await mounted({ configMap: { name: "model", items } }))).toEqual({
    "1/model.h5": Buffer.from([0, 255, 1]),
  });
});

test("a second mount replaces the first", async () => {
  await mounted({ configMap: { name: "model" } });
  const items = [{ key: "note", path: "n" }];
  expect(Object.keys(await contents(await mounted({ configMap: { name: "model", items } })))).toEqual(["n"]);
});

test("a missing optional ConfigMap or key creates no file", async () => {
  expect(await contents(await mounted({ configMap: { name: "none", optional: true } }))).toEqual({});
  const items = [{ key: "none", path: "n" }];
  expect(await contents(await mounted({ configMap: { name: "model", items, optional: true } }))).toEqual({});
});

test("an emptyDir is an empty folder, a claim is its mapped folder", async () => {
  expect(await readdir(await mounted({ emptyDir: {} }))).toEqual([]);
  expect(await mounted({ persistentVolumeClaim: { claimName: "models" } })).toBe("/srv/models");
});

const item = (path: string, fieldPath: string): DownwardApiFile => ({ path, fieldRef: { fieldPath } });

/** What a program reads at each path of a volume, which it may reach through links. */
async function shown(path: string, names: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(path, name), "utf8")] as const)),
  );
}

test("a downwardAPI volume shows fields of the pod's metadata; a missing label or annotation is an empty file", async () => {
  const items = [
    item("revision", "metadata.labels['modelwright.dev/revision']"),
    item("models", "metadata.annotations['modelwright.dev/in-place-models']"),
    item("none", "metadata.labels['none']"),
    item("pod/name", "metadata.name"),
    item("pod/namespace", "metadata.namespace"),
    item("pod/uid", "metadata.uid"),
    item("labels", "metadata.labels"),
    item("annotations", "metadata.annotations"),
  ];
  const path = await mounted(
    { downwardAPI: { items } },
    {
      name: "digits-x",
      namespace: "ml",
      uid: "u1",
      labels: { "modelwright.dev/revision": "abc", app: "digits" },
      annotations: { b: 'say "é"\n\t\\', a: "\u0001\u200b\u{e0001}" },
    },
  );
  expect(
    await shown(
      path,
      items.map(({ path }) => path),
    ),
  ).toEqual({
    revision: "abc",
    models: "",
    none: "",
    "pod/name": "digits-x",
    "pod/namespace": "ml",
    "pod/uid": "u1",
    labels: 'app="digits"\nmodelwright.dev/revision="abc"',
    annotations: String.raw`a="\x01\u200b\U000e0001"` + "\n" + String.raw`b="say \"é\"\n\t\\"`,
  });
});

test("a downwardAPI volume has the layout of the kubelet, and keeps one state when it is replaced", async () => {
  const volume = {
    downwardAPI: { items: [item("one", "metadata.labels['a']"), item("d/two", "metadata.labels['b']")] },
  };
  const path = await mounted(volume, { labels: { a: "1", b: "1" } });
  const first = await readlink(join(path, "..data"));
  expect(first).toMatch(/^\.\.2026_02_03_04_05_06\.\w{6}$/);
  expect((await readdir(path)).sort()).toEqual([first, "..data", "d", "one"].sort());
  expect(await Promise.all(["d", "one"].map((name) => readlink(join(path, name))))).toEqual(["..data/d", "..data/one"]);

  await refreshVolumes(podWith(volume, { labels: { a: "1", b: "1" } }), folder, sources);
  expect(await readlink(join(path, "..data"))).toBe(first);

  await refreshVolumes(podWith(volume, { labels: { a: "2", b: "2" } }), folder, sources);
  const second = await readlink(join(path, "..data"));
  expect(second).not.toBe(first);
  expect((await readdir(path)).sort()).toEqual([second, "..data", "d", "one"].sort());
  expect(await shown(path, ["one", "d/two"])).toEqual({ one: "2", "d/two": "2" });
});

test("a reader that follows ..data sees both files of one state while the volume changes", async () => {
  const volume = { downwardAPI: { items: [item("one", "metadata.labels['a']"), item("two", "metadata.labels['b']")] } };
  const path = await mounted(volume, { labels: { a: "0", b: "0" } });
  const seen = new Set<string>();
  const written = new AbortController();
  const reading = (async () => {
    while (!written.signal.aborted) {
      const state = await shown(await realpath(join(path, "..data")), ["one", "two"]).catch(() => undefined);
      if (state === undefined) continue; // the state was replaced and removed in between
      expect(state["one"]).toBe(state["two"]);
      seen.add(state["one"] ?? "");
    }
  })();
  for (let i = 1; i <= 200; i++) {
    await refreshVolumes(podWith(volume, { labels: { a: String(i), b: String(i) } }), folder, sources);
  }
  written.abort();
  await reading;
  expect(seen.size).toBeGreaterThan(1);
  expect(await shown(path, ["one", "two"])).toEqual({ one: "200", two: "200" });
});

test("a refresh leaves volumes alone that do not show the pod's metadata", async () => {
  await mounted({ configMap: { name: "model" } });
  await refreshVolumes(podWith({ configMap: { name: "none" } }), folder, sources);
  expect(Object.keys(await contents(join(folder, "v")))).toEqual(expect.arrayContaining(["note", "m.h5"]));
});

test("a downwardAPI volume without items is an empty folder", async () => {
  const path = await mounted({ downwardAPI: {} });
  expect((await readdir(path)).filter((name) => !name.startsWith(".."))).toEqual([]);
});

describe("a volume that cannot be mounted is a FailedMount:", () => {
  const prefix = 'MountVolume.SetUp failed for volume "v" : ';
  const cases: Record<string, { volume: Omit<Volume, "name">; want: string }> = {
    "a missing ConfigMap": { volume: { configMap: { name: "none" } }, want: 'configmap "none" not found' },
    "a missing Secret": { volume: { secret: { secretName: "none" } }, want: 'secret "none" not found' },
    "a missing key": {
      volume: { configMap: { name: "model", items: [{ key: "k", path: "p" }] } },
      want: "references non-existent config key: k",
    },
    "a path out of the volume": {
      volume: { configMap: { name: "model", items: [{ key: "note", path: "../p" }] } },
      want: "invalid item path: ../p",
    },
    "a path that starts as the links of the kubelet": {
      volume: { configMap: { name: "model", items: [{ key: "note", path: "..data" }] } },
      want: "invalid item path: ..data",
    },
    "a resource in a downwardAPI volume": {
      volume: { downwardAPI: { items: [{ path: "cpu", resourceFieldRef: { resource: "limits.cpu" } }] } },
      want: "local mode has no resourceFieldRef in downwardAPI volumes",
    },
    "a field outside the metadata in a downwardAPI volume": {
      volume: { downwardAPI: { items: [{ path: "ip", fieldRef: { fieldPath: "status.podIP" } }] } },
      want: "unsupported fieldPath: status.podIP",
    },
    "an unknown claim": {
      volume: { persistentVolumeClaim: { claimName: "none" } },
      want: 'persistentvolumeclaim "none" not found',
    },
    "another kind of volume": {
      volume: {},
      want: "local mode has emptyDir, configMap, secret, downwardAPI and persistentVolumeClaim volumes only",
    },
  };
  test.each(Object.entries(cases))("%s", async (_sentence, { volume, want }) => {
    await expect(mounted(volume)).rejects.toMatchObject({ code: "FailedMount", message: prefix + want });
  });
});

test("mounts point to the folders of volumes, with sub-paths and normalized slashes", () => {
  const container = {
    name: "serve",
    volumeMounts: [
      { name: "v", mountPath: "/models/" },
      { name: "v", mountPath: "/one", subPath: "digits/1" },
      { name: "none", mountPath: "/none" },
    ],
  };
  expect(containerMounts(container, new Map([["v", "/data/v"]]))).toEqual([
    { path: "/models", target: "/data/v" },
    { path: "/one", target: "/data/v/digits/1" },
  ]);
});
