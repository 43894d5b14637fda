import { readdirSync, readFileSync, statSync, watch } from "node:fs";
import { extname, join } from "node:path";
import { faults } from "../faults.ts";

/** One file with manifests, as it is now. */
export interface ManifestFile {
  readonly path: string;
  readonly text: string;
}

const manifestEndings = new Set([".yaml", ".yml", ".json"]);
/** Editors write a file in several steps; its events within this time are one edit. */
const settleMs = 150;

/**
 * The manifest files that the paths name: files as they are, folders by their .yaml, .yml and .json files (not deeper), in
 * alphabetical order, as kubectl takes them. Throws `FileUnreadable` or `NoManifests`.
 */
export function manifestFiles(paths: readonly string[]): readonly ManifestFile[] {
  return paths.flatMap((path) => {
    const files = isFolder(path) ? manifestsIn(path) : [path];
    if (files.length === 0) throw faults.NoManifests({ path });
    return files.map((file) => ({ path: file, text: textOf(file) }));
  });
}

/** Calls back after each edit below the paths, until the signal aborts. */
export function followManifests(paths: readonly string[], edited: () => void, signal: AbortSignal): void {
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(edited, settleMs);
  };
  // Editors replace files: the folder sees it, a watch on the file itself would lose it.
  for (const path of paths) watch(isFolder(path) ? path : join(path, ".."), { signal }, soon);
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
}

/** True for a folder; throws `FileUnreadable` when there is nothing at the path. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function manifestsIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => manifestEndings.has(extname(name)))
    .sort()
    .map((name) => join(folder, name));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

const causes: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "permission denied",
  EISDIR: "it is a folder",
};

function unreadable(path: string, thrown: unknown): Error {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return faults.FileUnreadable({ path, cause: causes[code] ?? message }, thrown);
}
