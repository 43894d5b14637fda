import { type FSWatcher, watch } from "node:fs";
import type { Clock } from "../../base/clock.ts";

/** Tells soon of changes in folders; what it misses (other machines' changes, full tables of the kernel) polling finds. */
export interface FolderWatch {
  /** Watches these folders and no others. */
  follow(folders: readonly string[]): void;
  close(): void;
}

/** Changes come in swarms: one call for all of them. */
const swarmMs = 50;

/** Calls `changed` after entries of the followed folders came, went or changed. */
export function watchFolders(clock: Clock, changed: () => void): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  let cancel: (() => void) | undefined;
  const stir = (): void => {
    cancel ??= clock.after(swarmMs, () => {
      cancel = undefined;
      changed();
    });
  };
  const drop = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  return {
    follow: (folders) => {
      for (const folder of watchers.keys()) if (!folders.includes(folder)) drop(folder);
      for (const folder of folders) {
        if (watchers.has(folder)) continue;
        const watcher = openWatcher(folder, stir);
        watcher?.on("error", () => drop(folder));
        if (watcher !== undefined) watchers.set(folder, watcher);
      }
    },
    close: () => {
      cancel?.();
      for (const folder of watchers.keys()) drop(folder);
    },
  };
}

function openWatcher(folder: string, stir: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, stir);
  } catch {
    return undefined; // not there, or no watches left: polling sees it
  }
}
