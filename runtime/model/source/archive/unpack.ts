import { constants, createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { extract } from "tar-stream";
import { Fault } from "../../../base/fault.ts";
import { fileSource } from "../../formats/byte-source.ts";
import { zipArchive } from "../../formats/keras/zip/zip-archive.ts";
import { faults } from "../faults.ts";
import { containedPath } from "../stores/contained-path.ts";
import { writeWhole, writing } from "../file-writes.ts";
import { type UnpackLimits, budget, type Budget } from "./budget.ts";

/** An archive to unpack. */
export interface Unpacking {
  readonly archive: string;
  /** For messages. */
  readonly shown: string;
  /** Folder that appears, complete, in its place. */
  readonly folder: string;
  readonly limits: UnpackLimits;
}

const kinds = { ".tar": "tar", ".tar.gz": "gzip", ".tgz": "gzip", ".tar.zst": "zstd", ".zip": "zip" } as const;
type Kind = (typeof kinds)[keyof typeof kinds];

/** Whether a file of this name is an archive that holds a model. A `.keras` file is a model itself. */
export function isArchive(name: string): boolean {
  return kindOf(name) !== undefined;
}

function kindOf(name: string): Kind | undefined {
  return Object.entries(kinds).find(([ending]) => name.toLowerCase().endsWith(ending))?.[1];
}

/**
 * Unpacks an archive into a new folder: regular files only, none outside, within limits. A single folder around everything is
 * left out unless its name is a version. Throws a Fault and leaves nothing behind.
 */
export async function unpack(order: Unpacking): Promise<void> {
  const work = join(dirname(order.folder), `.${basename(order.folder)}.unpacking`);
  await rm(work, { recursive: true, force: true });
  try {
    await mkdir(work, { recursive: true });
    const { size } = await stat(order.archive);
    const terms = { ...order, work, budget: budget(order.shown, size, order.limits) };
    await (kindOf(order.archive) === "zip" ? unpackZip(terms) : unpackTar(terms));
    await rm(order.folder, { recursive: true, force: true });
    await rename(await innermost(work), order.folder);
  } catch (thrown) {
    if (thrown instanceof Fault) throw thrown;
    throw faults.ArchiveRefused({ place: order.shown, reason: reasonOf(thrown) }, thrown);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface Terms extends Unpacking {
  readonly work: string;
  readonly budget: Budget;
}

async function unpackZip({ archive, shown, folder, work, budget, limits }: Terms): Promise<void> {
  const handle = await open(archive, "r");
  try {
    const { size } = await handle.stat();
    const zip = zipArchive(fileSource(handle.fd, size), { maxEntryBytes: limits.maxBytes, maxRatio: limits.maxRatio });
    for (const name of zip.names.filter((path) => !path.endsWith("/"))) {
      budget.entry();
      const content = zip.open(name, limits.maxBytes);
      await written(containedPath(work, name, shown), async (file) => {
        const block = Buffer.alloc(Math.min(1024 ** 2, Math.max(1, content.sizeBytes)));
        for (let at = 0; at < content.sizeBytes;) {
          const count = content.read(block, at);
          budget.bytes(count);
          await writing(folder, () => writeWhole(file, block.subarray(0, count)));
          at += count;
        }
      });
    }
  } finally {
    await handle.close();
  }
}

async function unpackTar({ archive, shown, folder, work, budget }: Terms): Promise<void> {
  const reader = extract();
  const counted = async function* (source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const bytes of source) {
      budget.bytes(bytes.length);
      yield bytes;
    }
  };
  const sink = reader as unknown as Writable; // a writable stream of another library, which pipeline takes
  const done = pipeline(inflated(createReadStream(archive), kindOf(archive)), counted, sink);
  done.catch(() => {}); // the loop below meets the same error
  for await (const entry of reader) {
    const { name, type } = entry.header;
    budget.entry();
    if (type === "file" || type === "contiguous-file") {
      await written(containedPath(work, name.replace(/^\.\//, ""), shown), async (file) => {
        for await (const chunk of entry) {
          await writing(folder, () => writeWhole(file, chunk as Buffer)); // tar-stream hands out buffers
        }
      });
    } else if (type === "directory") {
      entry.resume();
    } else {
      throw faults.ArchiveRefused({ place: shown, reason: `${name} is a ${type}` });
    }
  }
  await done;
}

function inflated(source: Readable, kind: Kind | undefined): Readable {
  if (kind !== "gzip" && kind !== "zstd") return source;
  const inflater = kind === "gzip" ? createGunzip() : createZstdDecompress();
  source.once("error", (error) => inflater.destroy(error));
  inflater.once("close", () => source.destroy());
  return source.pipe(inflater);
}

async function written(path: string, fill: (file: FileHandle) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // Never through a link, never over another entry.
  const file = await open(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o644,
  );
  try {
    await fill(file);
  } finally {
    await file.close();
  }
}

async function innermost(folder: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const [only] = entries;
  if (only === undefined) throw new Error("it is empty");
  const isAround = entries.length === 1 && only.isDirectory() && !/^\d+$/.test(only.name);
  return isAround ? join(folder, only.name) : folder;
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
