import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Volume } from "../../../../../operator/kube/kinds.ts";
import type { ConfigReader } from "../../../../../operator/local/kubelet/pod/config-reader.ts";
import { containerMounts, mountedVolumes } from "../../../../../operator/local/kubelet/pod/volumes.ts";

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
const sources = { config, claims: { models: "/srv/models" } };

async function mounted(volume: Omit<Volume, "name">) {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {},
    spec: { containers: [], volumes: [{ name: "v", ...volume }] },
  };
  return (await mountedVolumes(pod, folder, sources)).get("v") ?? "";
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
    "an unknown claim": {
      volume: { persistentVolumeClaim: { claimName: "none" } },
      want: 'persistentvolumeclaim "none" not found',
    },
    "another kind of volume": {
      volume: {},
      want: "local mode has emptyDir, configMap, secret and persistentVolumeClaim volumes only",
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
