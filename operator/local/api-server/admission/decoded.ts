import type { ServedKind } from "../kinds/served-kind.ts";
import type { FieldValidation } from "../requests/write-options.ts";
import { compacted } from "../schema/compacted.ts";
import { defaulted, withoutNulls } from "../schema/defaulted.ts";
import { knownFields } from "../schema/known-fields.ts";
import { typeFault } from "../schema/type-fault.ts";
import { badRequest } from "../values/api-error.ts";
import { draftOf, internedDraft, withMetadata, type Draft } from "../values/api-object.ts";
import { memoryOf } from "../values/interned.ts";
import { objectOf, textOf, type JsonObject } from "../values/json.ts";
import { rememberedWith } from "../values/remembered.ts";

/** An object that came in: pruned, defaulted, with what was unknown in it. */
export interface Decoded {
  readonly draft: Draft;
  readonly warnings: readonly string[];
}

/** A body of the kind its path says; a built-in kind's may leave out its type. Throws 400. */
export function typed(kind: ServedKind, body: JsonObject): JsonObject {
  const complete = withType(body, kind);
  checkType(kind, complete);
  return complete;
}

const withType = rememberedWith((body: JsonObject, kind: ServedKind): JsonObject => {
  const fallback = kind.custom ? {} : { kind: kind.kind, apiVersion: kind.apiVersion };
  return { ...fallback, ...body };
});

function checkType(kind: ServedKind, body: JsonObject): void {
  const [apiVersion, written] = [textOf(body["apiVersion"]), textOf(body["kind"])];
  if (written === "") throw badRequest(`Object 'Kind' is missing in '${JSON.stringify(body)}'`);
  if (apiVersion === "") throw badRequest(`Object 'apiVersion' is missing in '${JSON.stringify(body)}'`);
  if (apiVersion === kind.apiVersion && written === kind.kind) return;
  const [from, to] = [`${versionOf(apiVersion)}.${written}`, `${packageOf(kind.group)}.${kind.kind}`];
  throw badRequest(
    `${written} in version ${JSON.stringify(versionOf(apiVersion))} cannot be handled as a ${kind.kind}: converting (${from}) to (${to}): unknown conversion`,
  );
}

const versionOf = (apiVersion: string): string => apiVersion.slice(apiVersion.lastIndexOf("/") + 1);

// Go package of a group's internal types.
const packageOf = (group: string): string => (group === "" ? "core" : (group.split(".")[0] ?? group));

/** Reads a whole object: unknown fields go (and are refused when strict), defaults come. Throws 400. */
export function decoded(kind: ServedKind, body: JsonObject, validation: FieldValidation): Decoded {
  const { value, unknown } = pruned(kind, body);
  if (unknown.length > 0 && validation === "Strict") throw badRequest(`${asKind(kind)}: ${strictWords(unknown)}`);
  const warnings = validation === "Warn" ? unknown.map((path) => `unknown field ${JSON.stringify(path)}`) : [];
  return { draft: filled(kind, value), warnings };
}

/** The object without unknown fields, and their paths. Throws 400 for values of another type. */
export function pruned(
  kind: ServedKind,
  body: JsonObject,
): { readonly value: JsonObject; readonly unknown: readonly string[] } {
  const plain = kind.custom ? body : withoutNulls(body, kind.schema);
  const fault = kind.custom
    ? typeFault(objectOf(plain["metadata"]), kind.schema.fields.get("metadata"), "metadata")
    : typeFault(plain, kind.schema, "");
  if (fault !== undefined) throw badRequest(`${asKind(kind)}: json: ${fault}`);
  return knownFields(plain, kind.schema);
}

/** The defaults of schema and kind, filled in; what a round trip through Go's types loses is gone. */
export const filled = (kind: ServedKind, value: JsonObject): Draft => filledAs(value, kind);

const filledAs = rememberedWith((value: JsonObject, kind: ServedKind): Draft => {
  const complete = draftOf(defaulted(value, kind.schema));
  const draft = kind.custom ? withTypedMetadata(kind, complete) : compactedDraft(kind, complete);
  const full = kind.strategy.fill?.(draft) ?? draft;
  return memoryOf(value) === undefined ? full : internedDraft(full);
});

// Lists that are always printed are there as null, too, and keep their emptiness until they are stored.
const compactedDraft = (kind: ServedKind, draft: Draft): Draft =>
  draftOf({
    ...compacted(draft, kind.schema),
    ...Object.fromEntries(kind.printedLists.map((key) => [key, draft[key] ?? null])),
  });

// Metadata is of a Go type even where the rest of the object is not.
function withTypedMetadata(kind: ServedKind, draft: Draft): Draft {
  const node = kind.schema.fields.get("metadata");
  if (node === undefined) return draft;
  const metadata = compacted(withoutNulls(draft.metadata, node), node);
  return metadata === draft.metadata ? draft : withMetadata(draft, metadata);
}

/**
 * What kube-apiserver says of fields that a kind does not have (`fieldValidation: Strict`); paths as in
 * `spec.replcias`.
 */
export const strictWords = (unknown: readonly string[]): string =>
  `strict decoding error: ${unknown.map((path) => `unknown field ${JSON.stringify(path)}`).join(", ")}`;

const asKind = (kind: ServedKind): string =>
  `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}`;
