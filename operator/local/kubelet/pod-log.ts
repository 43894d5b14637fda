import { open } from "node:fs/promises";
import type { Clock } from "../../../runtime/base/clock.ts";
import { type LogQuery, logLines, shownLines } from "./container/log-file.ts";

/** `GET …/pods/NAME/log`. */
export interface PodLogQuery extends LogQuery {
  readonly namespace: string;
  readonly name: string;
  /** Default: the pod's first container. */
  readonly container?: string;
  /** The run before the newest one. */
  readonly previous?: boolean;
  /** Goes on with new lines until the container has ended or the signal aborts. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
}

export interface LogSource {
  readonly path: string;
  /** Whether new lines may still come. */
  readonly isOpen: () => boolean;
}

const pollMs = 200;

/** The lines of a container's log, each with its line break. */
export async function* podLog(source: LogSource, query: PodLogQuery, clock: Clock): AsyncGenerator<string> {
  const { path } = source;
  // Measured before reading: a line that comes in between is better seen twice than never, and the tail is cut below.
  let offset = await sizeOf(path);
  for (const line of await logLines(path, query)) yield `${line}\n`;
  if (query.follow !== true) return;
  let rest = "";
  let isLast = false;
  while (query.signal?.aborted !== true && !isLast) {
    isLast = !source.isOpen();
    const size = await sizeOf(path);
    if (size < offset) offset = 0; // rotated
    if (size > offset) {
      const lines = (rest + (await textBetween(path, offset, size))).split("\n");
      offset = size;
      rest = lines.pop() ?? "";
      for (const line of shownLines(lines, { timestamps: query.timestamps ?? false })) yield `${line}\n`;
    }
    if (!isLast) await clock.sleep(pollMs, query.signal);
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
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await file.close();
  }
}
