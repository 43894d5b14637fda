import { open } from "node:fs/promises";
import type { Clock } from "../../../runtime/base/clock.ts";
import type { PodLogOptions } from "../api-server/verbs/pod-log.ts";
import { logLines, shownLines } from "./container/log-file.ts";

/** The log file of a container run. */
export interface LogSource {
  readonly path: string;
  /** Whether more lines may be appended. */
  readonly isOpen: () => boolean;
}

const pollMs = 200;
const encoder = new TextEncoder();

/** Yields a container's log with the options of `kubectl logs`. */
export async function* podLog(source: LogSource, options: PodLogOptions, clock: Clock): AsyncGenerator<Uint8Array> {
  let bytesLeft = options.limitBytes ?? Number.POSITIVE_INFINITY;
  for await (const line of lines(source, options, clock)) {
    const bytes = encoder.encode(`${line}\n`).subarray(0, bytesLeft);
    bytesLeft -= bytes.length;
    yield bytes;
    if (bytesLeft <= 0) return;
  }
}

/** Yields the existing lines and, when followed, new lines until the container has ended. */
async function* lines({ path, isOpen }: LogSource, options: PodLogOptions, clock: Clock): AsyncGenerator<string> {
  const { follow, timestamps, tailLines, sinceSeconds } = options;
  const since = sinceSeconds === undefined ? {} : { sinceMs: clock.now() - sinceSeconds * 1000 };
  // Measured before reading: a line that is appended meanwhile is shown twice rather than never.
  let offset = await sizeOf(path);
  yield* await logLines(path, { timestamps, ...since, ...(tailLines === undefined ? {} : { tailLines }) });
  let rest = "";
  for (let isLast = !follow; !isLast;) {
    isLast = !isOpen();
    const size = await sizeOf(path);
    if (size < offset) offset = 0; // rotated
    const texts = (rest + (await textBetween(path, offset, size))).split("\n");
    offset = size;
    rest = texts.pop() ?? "";
    yield* shownLines(texts, { timestamps });
    if (!isLast) await clock.sleep(pollMs);
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return 0;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

async function textBetween(path: string, start: number, end: number): Promise<string> {
  if (end <= start) return "";
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await file.close();
  }
}
