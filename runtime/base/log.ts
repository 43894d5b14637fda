import { type DestinationStream, pino } from "pino";

/** A structured logger: a constant lower-case message and key-value fields. Never request payloads, never secrets. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  /** A child logger whose lines all carry `fields`. */
  with(fields: object): Log;
}

/** Values of `--log-level`. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
/** Minimum level of the lines that are written; `silent` writes none. */
export type LogLevel = (typeof logLevels)[number];

/** Creates a logger of JSON lines on standard error; standard output stays free for command output. */
export function jsonLog(level: LogLevel, fields: object = {}): Log {
  const formatters = { level: (label: string) => ({ level: label }) };
  const options = { level, base: fields, timestamp: pino.stdTimeFunctions.isoTime, formatters };
  return fromPino(pino(options, standardError()));
}

/** How long a write to a full pipe may block the program when its reader has stalled; after that, lines are dropped. */
const maxStallMs = 2_000;
/** Maximum size of the lines that wait for the reader. */
const maxWaitingBytes = 1024 ** 2;

/** A stream to standard error that neither a full nor a closed pipe can block, not even while the program exits. */
function standardError(): DestinationStream {
  let stalledAt: number | undefined;
  const mayRetry = (): boolean => {
    const now = performance.now();
    stalledAt ??= now;
    return now - stalledAt < maxStallMs;
  };
  const stream = pino.destination({ dest: 2, sync: true, maxLength: maxWaitingBytes, retryEAGAIN: mayRetry });
  stream.on("write", (count: number) => {
    if (count > 0) stalledAt = undefined;
  });
  stream.on("error", () => {}); // nobody is left to report to
  const flush = stream.flushSync.bind(stream);
  stream.flushSync = () => {
    try {
      flush();
    } catch {
      // The reader has stalled: see `maxStallMs`.
    }
  };
  return stream;
}

/** A logger that discards everything. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
};

function fromPino(logger: ReturnType<typeof pino>): Log {
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
    with: (fields) => fromPino(logger.child(fields)),
  };
}
