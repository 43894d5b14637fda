import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Clock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import { download } from "./model/source/download.ts";
import { progressReport } from "./model/source/progress.ts";
import { type SourceUrl, sourceUrl } from "./model/source/source-url.ts";
import type { FetchOptions } from "./options.ts";

/** What `fetch` takes from the process it runs in. */
export interface FetchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
}

/** Downloads a model file into the models volume. Throws a Fault when it cannot; nothing half-written stays. */
export async function fetchModel(options: FetchOptions, { clock, log, stop }: FetchParts): Promise<void> {
  const source = sourceUrl(options.url);
  const target = await targetFile(options.path, source);
  log.info("fetching model", { url: source.shown, path: target });
  const downloaded = await download({
    source,
    target,
    ...(options.sha256 === undefined ? {} : { sha256: options.sha256 }),
    clock,
    signal: stop,
    onProgress: progressReport(clock, (line, progress) => log.info(`fetching model: ${line}`, { ...progress })),
    onSetback: ({ reason }) => log.warn("source did not deliver; trying again", { url: source.shown, reason }),
  });
  log.info("model fetched", { ...downloaded });
}

/** A folder gets the file under the name that the URL ends with. */
async function targetFile(path: string, { url }: SourceUrl): Promise<string> {
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory() !== true && !path.endsWith("/")) return path;
  return join(path, basename(decodeURIComponent(url.pathname)) || "model");
}
