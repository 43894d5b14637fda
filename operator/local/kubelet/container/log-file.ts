import { createReadStream } from "node:fs";
import { type FileHandle, open, readFile, rename, stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { StringDecoder } from "node:string_decoder";
import { Fault } from "../../../../runtime/base/fault.ts";
import type { Log } from "../../../../runtime/base/log.ts";

/** Size at which a log is rotated. One rotated file is kept, so a container run's log takes at most twice this. */
const logRotationBytes = 10 * 1024 * 1024;
/** Longest line; longer ones are split, as container runtimes do. */
const lineCharacters = 16 * 1024;
/** The kubelet's limits of the log tail that replaces a missing termination message. */
const tailLimits = { lines: 80, bytes: 2048 } as const;

/** The output stream of a line. */
export type OutputStream = "stdout" | "stderr";

/** The log of one container run, in the CRI format: `<RFC 3339 time> <stream> F <line>`. */
export interface LogFile {
  write(stream: OutputStream, chunk: Buffer): void;
  /** Writes the buffered output and closes the file. */
  close(): Promise<void>;
}

/** Options of `openLogFile`: the clock of the time stamps (ms since 1970) and the rotation size. */
export interface LogFileOptions {
  readonly now: () => number;
  readonly log: Log;
  readonly rotationBytes?: number;
}

/** Opens a log in the CRI format for appending. */
export async function openLogFile(path: string, options: LogFileOptions): Promise<LogFile> {
  const { now, log, rotationBytes = logRotationBytes } = options;
  let file: FileHandle = await open(path, "a");
  let sizeBytes = (await file.stat()).size;
  let last: Promise<void> = Promise.resolve();
  const append = async (text: string): Promise<void> => {
    if (sizeBytes + text.length > rotationBytes && sizeBytes > 0) {
      await file.close();
      await rename(path, rotated(path));
      file = await open(path, "a");
      sizeBytes = 0;
    }
    await file.write(text);
    sizeBytes += text.length;
  };
  const queue = (stream: OutputStream, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    const stamp = new Date(now()).toISOString();
    const text = lines.map((line) => `${stamp} ${stream} F ${line}\n`).join("");
    last = last
      .then(() => append(text))
      .catch((thrown: unknown) => log.warn("container output lost", { path, cause: Fault.from(thrown).message }));
  };
  const lines = { stdout: lineReader(), stderr: lineReader() };
  return {
    write: (stream, chunk) => queue(stream, lines[stream].take(chunk)),
    close: async () => {
      queue("stdout", lines.stdout.rest());
      queue("stderr", lines.stderr.rest());
      await last;
      await file.close();
    },
  };
}

function lineReader(): { take(chunk: Buffer): string[]; rest(): string[] } {
  const decoder = new StringDecoder("utf8");
  let open = "";
  return {
    take: (chunk) => {
      const lines = (open + decoder.write(chunk)).split("\n");
      open = lines.pop() ?? "";
      if (open.length < lineCharacters) return lines;
      lines.push(open);
      open = "";
      return lines;
    },
    rest: () => {
      open += decoder.end();
      return open === "" ? [] : [open];
    },
  };
}

/** The last lines of a log without time stamps: at most 80 lines and 2048 bytes, the kubelet's limits. */
export async function logTail(path: string): Promise<string> {
  const text = await readFile(path, "utf8").catch(() => "");
  const lines = text
    .split("\n")
    .slice(-tailLimits.lines - 1)
    .map((line) => plainLine(line));
  return Buffer.from(lines.join("\n").trimEnd()).subarray(-tailLimits.bytes).toString("utf8");
}

/** Filters of `kubectl logs`. */
export interface LogQuery {
  readonly tailLines?: number;
  /** Milliseconds since the epoch; older lines are omitted. */
  readonly sinceMs?: number;
  readonly timestamps?: boolean;
}

/** The lines of one container run, those of the rotated file first. */
export async function logLines(path: string, query: LogQuery): Promise<string[]> {
  const lines: string[] = [];
  for (const file of [rotated(path), path]) {
    if ((await stat(file).catch(() => undefined)) === undefined) continue;
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) lines.push(line);
  }
  return shownLines(lines, query);
}

/** Stored lines as `kubectl logs` prints them. */
export function shownLines(lines: readonly string[], { sinceMs, tailLines, timestamps = false }: LogQuery): string[] {
  const recent =
    sinceMs === undefined ? lines : lines.filter((line) => Date.parse(line.split(" ", 1)[0] ?? "") >= sinceMs);
  const tail = tailLines === undefined ? recent : recent.slice(Math.max(0, recent.length - tailLines));
  return tail.map((line) => (timestamps ? `${line.split(" ", 1)[0] ?? ""} ${plainLine(line)}` : plainLine(line)));
}

function plainLine(line: string): string {
  return line.split(" ").slice(3).join(" ");
}

function rotated(path: string): string {
  return `${path}.1`;
}
