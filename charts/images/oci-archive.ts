import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { type Content, tar, type TarEntry } from "./tar.ts";

/** An image layer. Its bytes are generated whenever they are needed, so that none is held in memory. */
export interface Layer {
  readonly entries: readonly TarEntry[];
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A container image. */
export interface Image {
  /** Such as `localhost/modelwright/operator:dev`. */
  readonly reference: string;
  readonly layers: readonly Layer[];
  /** Member `config` of the OCI image configuration. */
  readonly config: Readonly<Record<string, unknown>>;
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };
const mediaType = (name: string): string => `application/vnd.oci.image.${name}`;

/** Makes a layer with its digest and size. */
export async function layer(entries: readonly TarEntry[]): Promise<Layer> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of tar(entries)) {
    hash.update(chunk);
    sizeBytes += chunk.byteLength;
  }
  return { entries, digest: `sha256:${hash.digest("hex")}`, sizeBytes };
}

/**
 * Writes an image as one file: an OCI image layout in a tar archive, for `ctr images import`, `podman load`, `skopeo` and
 * `docker load`.
 */
export async function writeOciArchive(path: string, image: Image): Promise<void> {
  const config = blob(mediaType("config.v1+json"), {
    architecture: architectures[process.arch] ?? process.arch,
    os: "linux",
    created: "1970-01-01T00:00:00Z",
    config: image.config,
    rootfs: { type: "layers", diff_ids: image.layers.map(({ digest }) => digest) },
  });
  const layers = image.layers.map(({ digest, sizeBytes }) => ({
    mediaType: mediaType("layer.v1.tar"),
    digest,
    size: sizeBytes,
  }));
  const manifest = blob(mediaType("manifest.v1+json"), {
    schemaVersion: 2,
    mediaType: mediaType("manifest.v1+json"),
    config: config.descriptor,
    layers,
  });
  const annotations = { "io.containerd.image.name": image.reference, "org.opencontainers.image.ref.name": "dev" };
  const index = { schemaVersion: 2, manifests: [{ ...manifest.descriptor, annotations }] };
  // Docker before 25 reads only this file.
  const docker = [
    {
      Config: blobPath(config.descriptor.digest),
      RepoTags: [image.reference],
      Layers: layers.map(({ digest }) => blobPath(digest)),
    },
  ];
  const entries = [
    file("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
    file("index.json", json(index)),
    file("manifest.json", json(docker)),
    ...[config, manifest].map(({ descriptor, content }) => file(blobPath(descriptor.digest), content)),
    ...image.layers.map(({ digest, sizeBytes, entries }) =>
      file(blobPath(digest), { sizeBytes, pieces: () => tar(entries) }),
    ),
  ];
  await mkdir(dirname(path), { recursive: true });
  await pipeline(Readable.from(tar(entries), { objectMode: false }), createWriteStream(path));
}

function blob(mediaType: string, value: unknown) {
  const content = json(value);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  return { content, descriptor: { mediaType, digest, size: content.byteLength } };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function file(path: string, content: Content): TarEntry {
  return { kind: "file", path, content };
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}
