import type { RevisionRoute, Route } from "../../contract/route-table.ts";
import { faults } from "../faults.ts";

/** How a request names a version of its model. */
export type VersionAsk = { readonly number: string } | { readonly label: string };

/** The revision that is to answer, and how its pods are to be asked. */
export interface AskedVersion {
  /** Hash of the revision. */
  readonly revision: string;
  /** Number by which its pods know it; undefined: they are not to be asked for any, since their numbers are their own. */
  readonly number: string | undefined;
}

/**
 * The revision that a request asks for; undefined where any may answer: pods of a folder of versions know its numbers
 * themselves. Throws `VersionNotFound`.
 */
export function askedVersion(route: Route, ask: VersionAsk): AskedVersion | undefined {
  const served = route.revisions.filter(isServed);
  if (route.hasOwnVersions === true) {
    const named = "label" in ask ? served.find(({ labels }) => labels?.includes(ask.label) === true) : undefined;
    return named === undefined ? undefined : { revision: named.hash, number: undefined };
  }
  const found = served.find((revision) => isMeant(revision, ask));
  if (found !== undefined) return { revision: found.hash, number: found.version };
  throw faults.VersionNotFound({ key: route.key, asked: askText(ask), served: served.map(servedText) });
}

/** A revision without a share of the requests answers those that ask for it, as long as it has pods. */
function isServed({ weight, endpoints }: RevisionRoute): boolean {
  return weight > 0 || endpoints.length > 0;
}

function isMeant({ version, labels = [] }: RevisionRoute, ask: VersionAsk): boolean {
  if ("number" in ask) return plainNumber(ask.number) === version;
  return labels.includes(ask.label);
}

/** Without leading zeros: TensorFlow Serving reads a number. */
function plainNumber(digits: string): string {
  return digits.replace(/^0+(?=\d)/, "");
}

function askText(ask: VersionAsk): string {
  return "number" in ask ? `version ${ask.number}` : `version labelled ${ask.label}`;
}

function servedText({ version, labels = [] }: RevisionRoute): string {
  return labels.length === 0 ? version : `${version} (${labels.join(", ")})`;
}

/** The version that a path of REST names, and the path around it. */
export interface VersionedPath {
  readonly ask: VersionAsk;
  /** The path for pods that know the version by this number, or that are to be asked for none. */
  readonly rewritten: (number: string | undefined) => string;
}

/** TensorFlow Serving has `/versions/<number>` and `/labels/<label>`, Open Inference `/versions/<anything>`. */
const versionInPath = /^(\/v[12]\/models\/[^/:?]+)\/(versions|labels)\/([^/:?]+)(.*)$/i;
const isNumber = /^\d+$/;

/** Undefined where a path names no version. What is malformed is left to the pods, which say so in their protocol's words. */
export function versionedPath(path: string): VersionedPath | undefined {
  const [, model, kind, segment, rest] = versionInPath.exec(path) ?? [];
  if (model === undefined || kind === undefined || segment === undefined || rest === undefined) return undefined;
  const isLabel = kind.toLowerCase() === "labels";
  const ask = isLabel ? { label: decoded(segment) } : versionAsk(decoded(segment));
  const isMalformed = /^\/v1/i.test(model) ? !isLabel && "label" in ask : isLabel;
  if (isMalformed) return undefined;
  return { ask, rewritten: (number) => `${model}${number === undefined ? "" : `/versions/${number}`}${rest}` };
}

/** Open Inference's versions are texts: one that is no number can only be a label. */
export function versionAsk(text: string): VersionAsk {
  return isNumber.test(text) ? { number: text } : { label: text };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
