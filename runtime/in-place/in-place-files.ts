import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { inPlaceFiles } from "../contract/in-place.ts";
import { watchFolders } from "../model/repository/folder-watch.ts";

/** Texts of the files in the folder; a missing file is empty. */
export type InPlaceTexts = Readonly<Record<keyof typeof inPlaceFiles, string>>;

/** What watching the files depends on. */
export interface InPlaceWatch {
  readonly clock: Clock;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Called with the first texts, and after each change. */
  readonly changed: (texts: InPlaceTexts) => void;
}

/** Finds what the folder's watch misses: a folder that is missing at first, exhausted inotify watches. */
const pollMs = 1_000;
/** A file that is overwritten in place is empty for a moment; the kubelet replaces a link instead. */
const emptyMs = 100;

/** Reads the files and then watches them until the signal aborts; resolves after the first read. */
export async function watchInPlaceFiles(folder: string, { clock, signal, changed }: InPlaceWatch): Promise<void> {
  let last = await textsIn(folder, { revision: "", models: "" });
  changed(last);
  const look = async (): Promise<void> => {
    let texts = await textsIn(folder, last);
    if (lostText(last, texts)) {
      await clock.sleep(emptyMs, signal);
      texts = await textsIn(folder, last);
    }
    if (signal.aborted || (texts.revision === last.revision && texts.models === last.models)) return;
    last = texts;
    changed(texts);
  };
  let looking = Promise.resolve();
  const queueLook = (): Promise<void> => (looking = looking.then(look));
  const watch = watchFolders(clock, () => void queueLook());
  signal.addEventListener("abort", () => watch.close(), { once: true });
  const poll = async (): Promise<void> => {
    while (!signal.aborted) {
      watch.setFolders([folder]);
      await clock.sleep(pollMs, signal);
      await queueLook();
    }
  };
  void poll();
}

function lostText(before: InPlaceTexts, now: InPlaceTexts): boolean {
  return (before.revision !== "" && now.revision === "") || (before.models !== "" && now.models === "");
}

/** The label is read first: the operator lists a model before it writes the label, so a list read later knows the label. */
async function textsIn(folder: string, last: InPlaceTexts): Promise<InPlaceTexts> {
  const revision = await textOf(join(folder, inPlaceFiles.revision), last.revision);
  const models = await textOf(join(folder, inPlaceFiles.models), last.models);
  return { revision, models };
}

/** The text of a file, empty when it is missing; the last one when it cannot be read. */
async function textOf(file: string, last: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
    return code === "ENOENT" || code === "ENOTDIR" ? "" : last;
  }
}
