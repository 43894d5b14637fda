import { type FSWatcher, watch } from "node:fs";
import type { Clock } from "../../base/clock.ts";

/** Reports changes in folders early. Polling finds what it misses: changes by other machines, exhausted inotify watches. */
export interface FolderWatch {
  /** Watches exactly these folders. */
  setFolders(folders: readonly string[]): void;
  close(): void;
}

/** Debounce time: changes come in bursts, which make one call. */
const debounceMs = 50;

/** Calls `changed` after entries of the watched folders were added, removed or changed. */
export function watchFolders(clock: Clock, changed: () => void): FolderWatch {
  const watchers = new Map<string, FSWatcher>();
  let cancel: (() => void) | undefined;
  const schedule = (): void => {
    cancel ??= clock.after(debounceMs, () => {
      cancel = undefined;
      changed();
    });
  };
  const unwatch = (folder: string): void => {
    watchers.get(folder)?.close();
    watchers.delete(folder);
  };
  return {
    setFolders: (folders) => {
      for (const folder of watchers.keys()) if (!folders.includes(folder)) unwatch(folder);
      for (const folder of folders) {
        if (watchers.has(folder)) continue;
        const watcher = openWatcher(folder, schedule);
        watcher?.on("error", () => unwatch(folder));
        if (watcher !== undefined) watchers.set(folder, watcher);
      }
    },
    close: () => {
      cancel?.();
      for (const folder of watchers.keys()) unwatch(folder);
    },
  };
}

function openWatcher(folder: string, schedule: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, schedule);
  } catch {
    return undefined; // the folder is missing, or no watches are left: polling finds changes
  }
}
