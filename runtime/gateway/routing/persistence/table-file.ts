import type { Buffer } from "node:buffer";
import { open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";
import type { Log } from "../../../base/log.ts";
import type { Route } from "../../../contract/route-table.ts";
import { tablePieces, tableRoutes } from "./table-text.ts";

interface TableFileOptions {
  readonly path: string;
  /** The routes that serve at this moment. */
  readonly routes: () => Iterable<Route>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A table that another run of this gateway left behind. */
interface KeptTable {
  readonly routes: readonly Route[];
  /** Since an operator last confirmed it. */
  readonly ageMs: number;
}

/** Two of them and what Node compiled fit into the 64 MiB of the volume that the chart mounts. Ten thousand routes have 10 MB. */
const maxBytes = 24 * 1024 * 1024;
const leastPauseMs = 1_000;
/** After the time that it took to make a file's text comes a pause of so many times that: 2 % of a core at most. */
const pauses = 50;
/** How often it is noted in the file that its table still holds. */
const confirmedMs = 5_000;
/** What could not be written is tried again after this. */
const failedMs = 30_000;

/**
 * Keeps the table in a file, so that a gateway that is started again while no operator runs knows where requests go. Written
 * beside and renamed: there is always one whole file. What cannot be written costs nothing but the file.
 */
export class TableFile {
  readonly #options: TableFileOptions;
  #isChanged = false;
  #isConfirmed = false;
  /** Not before this. */
  #nextMs = 0;
  #work: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Told once, not at each try. */
  #isFailing = false;

  constructor(options: TableFileOptions) {
    this.#options = options;
  }

  /** Undefined: there is none that can be used. */
  async read(): Promise<KeptTable | undefined> {
    const { path, clock, log } = this.#options;
    try {
      const { size, mtimeMs } = await stat(path);
      if (size > maxBytes) throw new Error(`it has ${size} bytes; at most ${maxBytes} are read`);
      const routes = tableRoutes(await readFile(path));
      return { routes, ageMs: Math.max(0, clock.now() - mtimeMs) };
    } catch (thrown) {
      if (!isMissing(thrown))
        log.warn("route table of before the start is not used", { path, cause: Fault.from(thrown).message });
      return undefined;
    }
  }

  /** An operator told of changes, which serve now. */
  changed(): void {
    this.#isChanged = true;
    this.#schedule();
  }

  /** An operator told that nothing changed. */
  confirmed(): void {
    this.#isConfirmed = true;
    this.#schedule();
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    this.#cancelTimer?.();
    await this.#work;
    if (this.#isChanged) await this.#written();
  }

  #schedule(): void {
    if (this.#work !== undefined || this.#cancelTimer !== undefined) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.after(Math.max(0, this.#nextMs - clock.monotonic()), () => {
      this.#cancelTimer = undefined;
      this.#work = this.#written().finally(() => {
        this.#work = undefined;
        if (this.#isChanged || this.#isConfirmed) this.#schedule();
      });
    });
  }

  async #written(): Promise<void> {
    const { path, clock, log } = this.#options;
    const startedMs = clock.monotonic();
    const isChanged = this.#isChanged;
    this.#isChanged = false;
    this.#isConfirmed = false;
    try {
      const tookMs = isChanged ? await this.#replaced() : 0;
      if (!isChanged) await touched(path, clock.now());
      this.#nextMs = startedMs + (isChanged ? Math.max(leastPauseMs, tookMs * pauses) : confirmedMs);
      this.#isFailing = false;
    } catch (thrown) {
      this.#isChanged = true;
      this.#nextMs = startedMs + failedMs;
      if (!this.#isFailing) log.warn("route table cannot be kept", { path, cause: Fault.from(thrown).message });
      this.#isFailing = true;
    }
  }

  /** Returns the milliseconds for which nothing else could run. */
  async #replaced(): Promise<number> {
    const { path, routes, clock } = this.#options;
    const next = `${path}.next`;
    const file = await open(next, "w", 0o600);
    let tookMs = 0;
    try {
      const pieces = tablePieces(routes());
      let sizeBytes = 0;
      const piece = (): Buffer | undefined => {
        const startedMs = clock.monotonic();
        const { value } = pieces.next();
        tookMs += clock.monotonic() - startedMs;
        return value ?? undefined;
      };
      for (let bytes = piece(); bytes !== undefined; bytes = piece()) {
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
    return tookMs;
  }
}

async function touched(path: string, nowMs: number): Promise<void> {
  const now = nowMs / 1000;
  await utimes(path, now, now);
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
}
