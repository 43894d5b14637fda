import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import { withMachineLock } from "../cluster/launch/machine-lock.ts";

/** A folder that is made once per content and kept outside the clone. */
export interface CachedFolder {
  /** Name of its place in the cache. */
  readonly name: string;
  /** All that decides what is in it: versions, and the recipe. */
  readonly content: readonly string[];
  /** Fills a new folder. What refers to the folder by its path must be made with `final`, where it is moved to. */
  readonly build: (folder: string, final: string) => Promise<void>;
}

/** A place in this machine's cache, outside the clone. */
export function cachePlace(...names: readonly string[]): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "modelwright", ...names);
}

/** The folder, made now if it has not been; a second process that wants it waits for the first. */
export async function cachedFolder({ name, content, build }: CachedFolder): Promise<string> {
  const key = createHash("sha256")
    .update(JSON.stringify([content, process.arch]))
    .digest("hex")
    .slice(0, 32);
  const folder = cachePlace(name, key);
  if (existsSync(folder)) return folder;
  await withMachineLock(folder, async () => {
    if (existsSync(folder)) return;
    await mkdir(dirname(folder), { recursive: true });
    const work = await mkdtemp(`${folder}-`);
    try {
      await build(work, folder);
      await rename(work, folder);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  });
  return folder;
}
