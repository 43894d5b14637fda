import type { Buffer } from "node:buffer";
import { open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type { Log } from "../../../base/log.ts";
import type { Route } from "../../../contract/route-table.ts";
import { tableChunks, parsedTable } from "./table-format.ts";

interface TableFileOptions {
  readonly path: string;
  /** The current routes. */
  readonly routes: () => Iterable<Route>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A table from an earlier run of this gateway. */
interface StoredTable {
  readonly routes: readonly Route[];
  /** Milliseconds since an operator last confirmed it. */
  readonly ageMs: number;
}

/** Two such files and Node's compile cache fit into the chart's 64 MiB volume. Ten thousand routes take 10 MB. */
const maxBytes = 24 * 1024 * 1024;
const minPauseMs = 1_000;
/** The pause after a write, as a multiple of the time spent on encoding: at most 2 % of a core. */
const pauseFactor = 50;
/** How often the file's time is updated while operators confirm its table. */
const touchIntervalMs = 5_000;
/** Retry interval after a failed write. */
const retryMs = 30_000;

/**
 * Persists the table in a file, so that a gateway that restarts while no operator runs can route. Each write goes to a temporary
 * file that is renamed: there is always one complete file. Write errors have no other effect.
 */
export class TableFile {
  readonly #options: TableFileOptions;
  #isChanged = false;
  #isConfirmed = false;
  /** Earliest time of the next write. */
  #nextMs = 0;
  #work: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Failures are logged once, not at each retry. */
  #isFailing = false;

  constructor(options: TableFileOptions) {
    this.#options = options;
  }

  /** Undefined: there is no usable file. */
  async read(): Promise<StoredTable | undefined> {
    const { path, clock, log } = this.#options;
    try {
      const { size, mtimeMs } = await stat(path);
      if (size > maxBytes) throw new Error(`it has ${size} bytes; at most ${maxBytes} are read`);
      const routes = parsedTable(await readFile(path));
      return { routes, ageMs: Math.max(0, clock.now() - mtimeMs) };
    } catch (thrown) {
      if (!isMissing(thrown))
        log.warn("route table of an earlier run is not used", { path, cause: Fault.from(thrown).message });
      return undefined;
    }
  }

  /** Call after the table changed. */
  changed(): void {
    this.#isChanged = true;
    this.#schedule();
  }

  /** Call when an operator confirmed the table unchanged. */
  confirmed(): void {
    this.#isConfirmed = true;
    this.#schedule();
  }

  /** Writes outstanding changes. */
  async close(): Promise<void> {
    this.#cancelTimer?.();
    await this.#work;
    if (this.#isChanged) await this.#write();
  }

  #schedule(): void {
    if (this.#work !== undefined || this.#cancelTimer !== undefined) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.after(Math.max(0, this.#nextMs - clock.monotonic()), () => {
      this.#cancelTimer = undefined;
      this.#work = this.#write().finally(() => {
        this.#work = undefined;
        if (this.#isChanged || this.#isConfirmed) this.#schedule();
      });
    });
  }

  async #write(): Promise<void> {
    const { path, clock, log } = this.#options;
    const startedMs = clock.monotonic();
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    this.#isConfirmed = false;
    try {
      const blockedMs = isChanged ? await this.#replace() : 0;
      if (!isChanged) await touch(path, clock.now());
      this.#nextMs = startedMs + (isChanged ? Math.max(minPauseMs, blockedMs * pauseFactor) : touchIntervalMs);
      this.#isFailing = false;
    } catch (thrown) {
      this.#isChanged = true;
      this.#nextMs = startedMs + retryMs;
      if (!this.#isFailing) log.warn("route table cannot be saved", { path, cause: Fault.from(thrown).message });
      this.#isFailing = true;
    }
  }

  /** Replaces the file. Returns the milliseconds for which it blocked the event loop. */
  async #replace(): Promise<number> {
    const { path, routes, clock } = this.#options;
    const next = `${path}.next`;
    const file = await open(next, "w", 0o600);
    let blockedMs = 0;
    try {
      const chunks = tableChunks(routes());
      let sizeBytes = 0;
      const nextChunk = (): Buffer | undefined => {
        const startedMs = clock.monotonic();
        const { value } = chunks.next();
        blockedMs += clock.monotonic() - startedMs;
        return value ?? undefined;
      };
      for (let bytes = nextChunk(); bytes !== undefined; bytes = nextChunk()) {
        sizeBytes += bytes.length;
        if (sizeBytes > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`);
        await file.writeFile(bytes);
      }
      await file.datasync();
    } catch (thrown) {
      await rm(next, { force: true });
      throw thrown;
    } finally {
      await file.close();
    }
    await rename(next, path);
    return blockedMs;
  }
}

async function touch(path: string, nowMs: number): Promise<void> {
  const now = nowMs / 1000;
  await utimes(path, now, now);
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
}
