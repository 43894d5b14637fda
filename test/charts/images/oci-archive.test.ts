import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type Image, layer, writeOciArchive } from "../../../charts/images/oci-archive.ts";
import type { TarEntry } from "../../../charts/images/tar.ts";

const long = `app/${"deep/".repeat(40)}model.js`;
const entries: readonly TarEntry[] = [
  { kind: "folder", path: "tmp", mode: 0o1777 },
  { kind: "file", path: long, content: Buffer.from("x".repeat(513)) },
  { kind: "file", path: "usr/local/bin/node", content: { file: import.meta.filename }, isExecutable: true },
];

describe("an image archive", () => {
  let folder: string;
  let image: Image;
  const read = (path: string): Buffer => readFileSync(join(folder, path));
  const unpacked = (archive: string, target: string): void => {
    execFileSync("mkdir", [join(folder, target)]);
    execFileSync("tar", ["--extract", `--file=${join(folder, archive)}`, `--directory=${join(folder, target)}`]);
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "modelwright-oci-"));
    image = {
      reference: "localhost/modelwright/test:dev",
      layers: [await layer(entries)],
      config: { Entrypoint: ["/usr/local/bin/node"] },
    };
    await writeOciArchive(join(folder, "image.tar"), image);
    unpacked("image.tar", "image");
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("has the same bytes when it is written again", async () => {
    await writeOciArchive(join(folder, "again.tar"), image);
    expect(read("again.tar").equals(read("image.tar"))).toBe(true);
  });

  test("names every blob by its digest", () => {
    const names = readdirSync(join(folder, "image/blobs/sha256"));
    const digests = names.map((name) =>
      createHash("sha256")
        .update(read(`image/blobs/sha256/${name}`))
        .digest("hex"),
    );
    expect(digests).toEqual(names);
    expect(names).toHaveLength(3); // manifest, configuration, layer
  });

  test("refers from its index to configuration and layer", () => {
    const json = (path: string): unknown => JSON.parse(read(path).toString());
    const [index] = [json("image/index.json")] as [{ manifests: [{ digest: string; annotations: object }] }];
    const [entry] = index.manifests;
    expect(entry.annotations).toEqual({
      "io.containerd.image.name": "localhost/modelwright/test:dev",
      "org.opencontainers.image.ref.name": "dev",
    });
    const blob = (digest: string): unknown => json(`image/blobs/${digest.replace(":", "/")}`);
    const [manifest] = [blob(entry.digest)] as [{ config: { digest: string }; layers: unknown }];
    const [{ digest, sizeBytes } = { digest: "", sizeBytes: 0 }] = image.layers;
    expect(manifest.layers).toEqual([{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size: sizeBytes }]);
    expect(blob(manifest.config.digest)).toEqual({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      created: "1970-01-01T00:00:00Z",
      config: { Entrypoint: ["/usr/local/bin/node"] },
      rootfs: { type: "layers", diff_ids: [digest] },
    });
  });

  test("names the image for older Docker engines", () => {
    expect(JSON.parse(read("image/manifest.json").toString())).toMatchObject([
      { RepoTags: ["localhost/modelwright/test:dev"] },
    ]);
  });

  test("has layers that tar unpacks, including long names and modes", () => {
    const [blob = ""] = image.layers.map(({ digest }) => `image/blobs/${digest.replace(":", "/")}`);
    unpacked(blob, "root");
    expect(read(`root/${long}`).toString()).toBe("x".repeat(513));
    expect(read("root/usr/local/bin/node").equals(readFileSync(import.meta.filename))).toBe(true);
    const listing = execFileSync("tar", ["--list", "--verbose", "--utc", `--file=${join(folder, blob)}`], {
      encoding: "utf8",
    });
    const facts = listing
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/\s+/).toSpliced(2, 1));
    expect(facts).toEqual([
      ["drwxrwxrwt", "0/0", "1970-01-01", "00:00", "tmp/"],
      ["-rw-r--r--", "0/0", "1970-01-01", "00:00", long],
      ["-rwxr-xr-x", "0/0", "1970-01-01", "00:00", "usr/local/bin/node"],
    ]);
  });
});
