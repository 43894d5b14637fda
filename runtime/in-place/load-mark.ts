import { readFile, rm, writeFile } from "node:fs/promises";
import { errorText } from "../base/fault.ts";
import type { Log } from "../base/log.ts";

/**
 * A file in the scratch space, which outlives a restart of the container: it names the revision that is loaded, or being loaded,
 * beside the serving one. A process that finds it at its start knows that the one before it ended meanwhile, mostly for lack of
 * memory, and does not try again: each attempt would end what serves.
 */
export class LoadMark {
  readonly #file: string;
  readonly #log: Log;
  #revision: string | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /** The revision that an earlier process had loaded beside another; the mark is removed. */
  async taken(): Promise<string | undefined> {
    const revision = await readFile(this.#file, "utf8").catch(() => undefined);
    await rm(this.#file, { force: true });
    return revision;
  }

  /** Resolves when the mark is on disk: before the revision is loaded. */
  begin(revision: string): Promise<void> {
    this.#revision = revision;
    return this.#change(() => writeFile(this.#file, revision));
  }

  /** The revision serves, or is no longer in memory. */
  end(revision: string): Promise<void> {
    if (this.#revision !== revision) return this.#written;
    this.#revision = undefined;
    return this.#change(() => rm(this.#file, { force: true }));
  }

  /** One write after the other. A failed one is logged: what serves goes on. */
  #change(write: () => Promise<void>): Promise<void> {
    this.#written = this.#written.then(write).catch((thrown: unknown) => {
      this.#log.warn("the mark of a load was not written", { file: this.#file, reason: errorText(thrown) });
    });
    return this.#written;
  }
}
