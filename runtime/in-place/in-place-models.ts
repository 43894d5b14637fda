import { abbreviated, errorText } from "../base/fault.ts";
import { environment } from "../contract/environment.ts";
import type { InPlaceModel } from "../contract/in-place.ts";
import { modelFormats } from "../model/formats/load-model.ts";
import { inPlaceFaults } from "./faults.ts";

/** Longest list of models, in characters: Kubernetes' limit of all annotations of an object together (256 KiB). */
export const maxModelsLength = 262_144;
/** What is served and what is loaded beside it. */
const maxModels = 2;
const maxShownLength = 100;

/** A value of a Kubernetes label, so that it can be the name of a folder, too. */
const labelValue = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const version = /^[1-9]\d{0,15}$/;
const digest = /^(?:sha256:)?[0-9a-f]{64}$/i;
const formats: ReadonlySet<string> = new Set(modelFormats);

/** Variables of the program `fetch` that may come in the list; the model's path and the credentials may not. */
const fetchVariables: readonly string[] = [
  environment.sourceUrl,
  environment.sourceSha256,
  "AWS_ENDPOINT_URL_S3",
  "AWS_REGION",
  "STORAGE_EMULATOR_HOST",
  "HF_ENDPOINT",
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].flatMap((name) => [name, name.toLowerCase()]),
];

/** The revision in the file with the pod's label; `undefined` when the file is empty or holds no label's value. */
export function labelledRevision(text: string): string | undefined {
  const trimmed = text.trim();
  return labelValue.test(trimmed) ? trimmed : undefined;
}

/** Decodes the list of models; an empty text is an empty list. Unknown members are ignored. Throws `InPlaceModelsInvalid`. */
export function inPlaceModels(text: string): readonly InPlaceModel[] {
  if (text.trim() === "") return [];
  if (text.length > maxModelsLength)
    throw invalid("models", `${text.length} characters long`, `at most ${maxModelsLength}`);
  const list = parsed(text);
  if (!Array.isArray(list)) throw invalid("models", shown(list), "a list");
  if (list.length > maxModels) throw invalid("models", `a list of ${list.length}`, `a list of at most ${maxModels}`);
  const models = list.map((item: unknown, index) => modelAt(`models[${index}]`, item));
  const [first, second] = models;
  if (first !== undefined && first.revision === second?.revision) {
    throw invalid("models[1].revision", shown(second.revision), "another than the first");
  }
  return models;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw invalid("models", shown(text), `JSON (${errorText(thrown)})`);
  }
}

type Json = Readonly<Record<string, unknown>>;

function modelAt(at: string, item: unknown): InPlaceModel {
  const model = objectAt(at, item);
  const optionalDigest =
    model["digest"] === undefined ? {} : { digest: textAt(`${at}.digest`, model["digest"], digest) };
  const optionalFetch = model["fetch"] === undefined ? {} : { fetch: fetchAt(`${at}.fetch`, model["fetch"]) };
  return {
    revision: textAt(`${at}.revision`, model["revision"], labelValue),
    version: versionAt(`${at}.version`, model["version"]),
    path: pathAt(`${at}.path`, model["path"]),
    format: formatAt(`${at}.format`, model["format"]),
    ...optionalDigest,
    ...optionalFetch,
  };
}

function objectAt(at: string, value: unknown): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw invalid(at, shown(value), "an object");
}

function textAt(at: string, value: unknown, pattern: RegExp): string {
  if (typeof value === "string" && pattern.test(value)) return value;
  throw invalid(at, shown(value), `a text that matches ${pattern.source}`);
}

function versionAt(at: string, value: unknown): string {
  const text = textAt(at, value, version);
  if (Number.isSafeInteger(Number(text))) return text;
  throw invalid(at, text, `at most ${Number.MAX_SAFE_INTEGER}`);
}

function formatAt(at: string, value: unknown): string {
  if (typeof value === "string" && formats.has(value)) return value;
  throw invalid(at, shown(value), `one of ${modelFormats.join(", ")}`);
}

/** A relative path as the API accepts it, below the root of its volume; links are checked when the model is read. */
function pathAt(at: string, value: unknown): string {
  const isContained = (text: string): boolean =>
    text.length <= 4096 && !text.includes("\0") && !text.startsWith("/") && !text.split("/").includes("..");
  if (typeof value === "string" && isContained(value)) return value;
  throw invalid(at, shown(value), "a relative path below the root of its volume");
}

/** The known variables; others are ignored, so that a list cannot set what the list of the operator does not need. */
function fetchAt(at: string, value: unknown): Readonly<Record<string, string>> {
  const given = objectAt(at, value);
  const known = fetchVariables.flatMap((name) => {
    const text = given[name];
    if (text === undefined) return [];
    if (typeof text !== "string") throw invalid(`${at}.${name}`, shown(text), "a text");
    return [[name, text] as const];
  });
  if (!known.some(([name, text]) => name === environment.sourceUrl && text !== "")) {
    throw invalid(`${at}.${environment.sourceUrl}`, "missing", "the URL to download from");
  }
  return Object.fromEntries(known);
}

function shown(value: unknown): string {
  return value === undefined ? "missing" : abbreviated(JSON.stringify(value), maxShownLength);
}

function invalid(at: string, value: string, expected: string): Error {
  return inPlaceFaults.InPlaceModelsInvalid({ at, value, expected });
}
