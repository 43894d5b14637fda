import { type DestinationStream, pino } from "pino";

/** Structured log: a constant lower-case message and key-value fields. Never request payloads, never secrets. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  /** A log whose lines all carry `fields`. */
  with(fields: object): Log;
}

/** Names accepted by `--log-level`. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
/** How severe a line must be to be written; `silent` writes none. */
export type LogLevel = (typeof logLevels)[number];

/** JSON lines on standard error, so that standard output stays free for what a command prints to its user. */
export function jsonLog(level: LogLevel, fields: object = {}): Log {
  const formatters = { level: (label: string) => ({ level: label }) };
  const options = { level, base: fields, timestamp: pino.stdTimeFunctions.isoTime, formatters };
  return fromPino(pino(options, standardError()));
}

/** How long a full pipe may hold the program up, as when its reader has stopped; after that, lines are dropped instead. */
const patienceMs = 2_000;
/** Lines that wait to be read take no more memory than this. */
const maxWaitingBytes = 1024 ** 2;

/** Standard error that neither a full nor a closed pipe can block, not even while the program exits. */
function standardError(): DestinationStream {
  let stalledAt: number | undefined;
  const isPatient = (): boolean => {
    const now = performance.now();
    stalledAt ??= now;
    return now - stalledAt < patienceMs;
  };
  const stream = pino.destination({ dest: 2, sync: true, maxLength: maxWaitingBytes, retryEAGAIN: isPatient });
  stream.on("write", (count: number) => {
    if (count > 0) stalledAt = undefined;
  });
  stream.on("error", () => {}); // there is nobody left to tell
  const flush = stream.flushSync.bind(stream);
  stream.flushSync = () => {
    try {
      flush();
    } catch {
      // The reader does not come back: see `patienceMs`.
    }
  };
  return stream;
}

/** Swallows everything. */
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
