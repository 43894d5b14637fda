import { basename, extname } from "node:path";
import { faults } from "./base/faults.ts";
import { type LogLevel, logLevels } from "./base/log.ts";
import {
  type Environment,
  type OptionNames,
  type OptionSource,
  type OptionValue,
  oneOf,
  optionSource,
  wholeNumber,
} from "./base/option-source.ts";
import { environment } from "./contract/environment.ts";
import { ports } from "./contract/ports.ts";
import { type ModelFormat, modelFormats } from "./model/formats/load-model.ts";
import { type ServingSettings, defaultServing, servingSettings } from "./serving-settings.ts";

/** Options that every program of the image takes. */
export interface ProgramOptions {
  readonly logLevel: LogLevel;
  /** File for the last words; absent: none are written. */
  readonly terminationLog?: string;
}

/** What `serve` is told. */
export interface ServeOptions extends ProgramOptions {
  /** Model name and version on the wire. */
  readonly name: string;
  readonly version: number;
  readonly path: string;
  /** Root that the model must be inside of; absent: the folder that the path lies in. */
  readonly volume?: string;
  readonly format: ModelFormat;
  readonly digest?: string;
  readonly engine: Engine;
  readonly host: string;
  readonly httpPort: number;
  readonly adminPort: number;
  readonly serving: ServingSettings;
  /** How long requests are still taken after SIGTERM. */
  readonly drainDelayMs: number;
}

/** What `fetch` is told. */
export interface FetchOptions extends ProgramOptions {
  readonly url: string;
  readonly sha256?: string;
  /** File to write, or a folder to put the file into. */
  readonly path: string;
}

/** Values of `spec.serving.engine`. */
const engines = ["Auto", "TensorFlowJs", "OnnxRuntime", "TensorFlow"] as const;
export type Engine = (typeof engines)[number];

const names = {
  path: { variable: environment.modelPath },
  name: { flag: "name", variable: environment.modelName },
  version: { flag: "version", variable: environment.modelVersion },
  volume: { flag: "model-volume", variable: environment.modelVolume },
  format: { flag: "format", variable: environment.modelFormat },
  digest: { flag: "digest", variable: environment.modelDigest },
  engine: { flag: "engine", variable: environment.engine },
  host: { flag: "host", variable: environment.bindAddress },
  httpPort: { flag: "http-port" },
  adminPort: { flag: "admin-port" },
  serving: { flag: "serving", variable: environment.serving },
  drainDelay: { flag: "drain-delay-ms", variable: environment.drainDelayMs },
  url: { variable: environment.sourceUrl },
  sha256: { flag: "sha256", variable: environment.sourceSha256 },
  target: { flag: "to", variable: environment.modelPath },
  logLevel: { flag: "log-level", variable: environment.logLevel },
  terminationLog: { flag: "termination-log", variable: environment.terminationLog },
} as const satisfies Record<string, OptionNames>;

const serveFlags = [
  names.name,
  names.version,
  names.volume,
  names.format,
  names.digest,
  names.engine,
  names.host,
  names.httpPort,
  names.adminPort,
  names.serving,
  names.drainDelay,
  names.logLevel,
  names.terminationLog,
].map(({ flag }) => flag);
const fetchFlags = [names.sha256, names.target, names.logLevel, names.terminationLog].map(({ flag }) => flag);

/** Options of `serve [PATH]`. Throws `OptionInvalid`, `OptionMissing` or `UsageWrong`. */
export function serveOptions(args: readonly string[], env: Environment): ServeOptions {
  const usage = `serve PATH ${serveFlags.map((flag) => `[--${flag} …]`).join(" ")}`;
  const source = optionSource(args, env, { flags: serveFlags, usage });
  const path = placeOf(source, names.path, "the path of a model file or folder");
  const text = (names: OptionNames): string | undefined => source.find(names)?.text;
  return {
    ...programOptions(source),
    path,
    name: text(names.name) ?? modelNameOf(path),
    version: numberOf(source.find(names.version), { assumed: 1, min: 1, max: Number.MAX_SAFE_INTEGER }),
    ...optional("volume", text(names.volume)),
    format: wordOf(source.find(names.format), modelFormats, "Auto"),
    ...optional("digest", digestOf(source.find(names.digest))),
    engine: wordOf(source.find(names.engine), engines, "Auto"),
    host: text(names.host) ?? "0.0.0.0",
    httpPort: numberOf(source.find(names.httpPort), { assumed: ports.rest, min: 0, max: 65_535 }),
    adminPort: numberOf(source.find(names.adminPort), { assumed: ports.admin, min: 0, max: 65_535 }),
    serving: servingOf(source.find(names.serving)),
    drainDelayMs: numberOf(source.find(names.drainDelay), { assumed: 0, min: 0, max: 3_600_000 }),
  };
}

/** Options of `fetch [URL]`. Throws `OptionInvalid`, `OptionMissing` or `UsageWrong`. */
export function fetchOptions(args: readonly string[], env: Environment): FetchOptions {
  const usage = "fetch URL --to PATH [--sha256 …]";
  const source = optionSource(args, env, { flags: fetchFlags, usage });
  const target = source.find(names.target);
  if (target === undefined) {
    throw faults.OptionMissing({ option: `--to or ${environment.modelPath}`, expected: "the file to write" });
  }
  return {
    ...programOptions(source),
    url: placeOf(source, names.url, "the URL of a model file"),
    ...optional("sha256", digestOf(source.find(names.sha256))),
    path: target.text,
  };
}

function programOptions(source: OptionSource): ProgramOptions {
  const level = source.find(names.logLevel);
  return {
    logLevel: wordOf(level, logLevels, "info"),
    ...optional("terminationLog", source.find(names.terminationLog)?.text),
  };
}

function placeOf(source: OptionSource, names: OptionNames, expected: string): string {
  const [first, second] = source.positionals;
  if (second !== undefined) throw faults.OptionInvalid({ option: "argument 2", value: second, expected: "absent" });
  const place = first ?? source.find(names)?.text;
  if (place !== undefined) return place;
  throw faults.OptionMissing({ option: `the first argument or ${names.variable}`, expected });
}

function modelNameOf(path: string): string {
  const name = basename(path);
  return basename(name, extname(name)) || "model";
}

function digestOf(value: OptionValue | undefined): string | undefined {
  if (value === undefined || /^(?:sha256:)?[0-9a-f]{64}$/i.test(value.text)) return value?.text;
  throw faults.OptionInvalid({ option: value.option, value: value.text, expected: "sha256: and 64 hex digits" });
}

function servingOf(value: OptionValue | undefined): ServingSettings {
  return value === undefined ? defaultServing : servingSettings(value);
}

interface Bounds {
  readonly assumed: number;
  readonly min: number;
  readonly max: number;
}

function numberOf(value: OptionValue | undefined, { assumed, min, max }: Bounds): number {
  return value === undefined ? assumed : wholeNumber(value, min, max);
}

function wordOf<Word extends string>(value: OptionValue | undefined, words: readonly Word[], assumed: Word): Word {
  return value === undefined ? assumed : oneOf(value, words);
}

function optional<Key extends string>(key: Key, value: string | undefined): { readonly [K in Key]?: string } {
  const empty: { [K in Key]?: string } = {};
  return value === undefined ? empty : { ...empty, [key]: value };
}
