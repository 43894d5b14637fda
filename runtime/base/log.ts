import { pino } from "pino";

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
export type LogLevel = (typeof logLevels)[number];

/** JSON lines on standard error, so that standard output stays free for what a command prints to its user. */
export function jsonLog(level: LogLevel, fields: object = {}): Log {
  const formatters = { level: (label: string) => ({ level: label }) };
  const options = { level, base: fields, timestamp: pino.stdTimeFunctions.isoTime, formatters };
  return fromPino(pino(options, pino.destination(2)));
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
