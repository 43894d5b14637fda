import type { Stats } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { faults } from "../faults.ts";

/** A file somewhere below a folder. */
export interface FolderFile {
  /** Path below the folder, with slashes. */
  readonly name: string;
  /** Real path, links followed. */
  readonly path: string;
  readonly sizeBytes: number;
  /** When its bytes, and when anything about it last changed; milliseconds since the epoch. */
  readonly modifiedMs: number;
  readonly changedMs: number;
}

const maxFiles = 10_000;
const maxDepth = 16;

/**
 * Every file below a folder, sorted by the bytes of its name. Links are followed where they stay inside `root`, a real path;
 * names that begin with two dots are the machinery of ConfigMap volumes and passed over. Throws `ModelOutsideVolume`,
 * `ModelFolderTooLarge`, `ModelNotFound` or `ModelUnreadable`.
 */
export async function folderFiles(folder: string, root: string): Promise<readonly FolderFile[]> {
  const files: FolderFile[] = [];
  const visit = async (below: string, depth: number): Promise<void> => {
    for (const entry of await fromDisk(join(folder, below), readdir(join(folder, below)))) {
      if (entry.startsWith("..")) continue;
      const name = below === "" ? entry : `${below}/${entry}`;
      const found = await contained(join(folder, name), root);
      if (found.facts.isDirectory()) {
        if (depth >= maxDepth)
          throw faults.ModelFolderTooLarge({ folder, what: "folders inside each other", limit: maxDepth });
        await visit(name, depth + 1);
      } else {
        files.push(fileOf(name, found));
      }
      if (files.length > maxFiles) throw faults.ModelFolderTooLarge({ folder, what: "files", limit: maxFiles });
    }
  };
  await visit("", 1);
  return files.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

interface Contained {
  readonly path: string;
  readonly facts: Stats;
}

/** Where a path really leads; costs one system call where it is no link. */
async function contained(path: string, root: string): Promise<Contained> {
  const facts = await fromDisk(path, lstat(path));
  if (!facts.isSymbolicLink()) return { path, facts };
  const real = await fromDisk(path, realpath(path));
  checkInside(path, real, root);
  return { path: real, facts: await fromDisk(real, stat(real)) };
}

function fileOf(name: string, { path, facts }: Contained): FolderFile {
  if (!facts.isFile()) throw faults.ModelUnreadable({ path, reason: `${name} is no regular file` });
  return { name, path, sizeBytes: facts.size, modifiedMs: facts.mtimeMs, changedMs: facts.ctimeMs };
}

/** Throws `ModelOutsideVolume` unless the real path is inside the root. */
export function checkInside(path: string, real: string, root: string): void {
  const way = relative(root, real);
  if (way === ".." || way.startsWith(`..${sep}`)) throw faults.ModelOutsideVolume({ path, real, volume: root });
}

/** Turns what the file system says into a fault. */
export async function fromDisk<Value>(path: string, reading: Promise<Value>): Promise<Value> {
  try {
    return await reading;
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") throw faults.ModelNotFound({ place: path }, thrown);
    throw faults.ModelUnreadable({ path, reason: thrown instanceof Error ? thrown.message : String(thrown) }, thrown);
  }
}
