import type { ObjectMeta } from "../../../kube/kinds.ts";

/**
 * Value of a pod's field `metadata.…` as the downward API gives it (kubernetes/pkg/fieldpath): a label or annotation that is not set
 * is empty, all labels or annotations are sorted lines `key="value"`. Undefined for any other field.
 */
export function metadataField(path: string, metadata: ObjectMeta): string | undefined {
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map === "labels" || map === "annotations") return metadata[map]?.[key] ?? "";
  return fields[path]?.(metadata);
}

const fields: Readonly<Record<string, (metadata: ObjectMeta) => string>> = {
  "metadata.name": ({ name = "" }) => name,
  "metadata.namespace": ({ namespace = "" }) => namespace,
  "metadata.uid": ({ uid = "" }) => uid,
  "metadata.labels": ({ labels }) => lines(labels),
  "metadata.annotations": ({ annotations }) => lines(annotations),
};

function lines(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${goQuoted(map[key] ?? "")}`)
    .join("\n");
}

/** Escapes of Go's `strconv.Quote` that are a letter. */
const letterEscapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** A text as Go prints it under `%q`: what is not printable (letters, marks, numbers, punctuation, symbols, space) is escaped. */
function goQuoted(text: string): string {
  const escaped = text.replaceAll(
    /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu,
    (character) => letterEscapes[character] ?? codeEscape(character.codePointAt(0) ?? 0),
  );
  return `"${escaped}"`;
}

function codeEscape(code: number): string {
  const digits = code.toString(16);
  if (code < 0x80) return `\\x${digits.padStart(2, "0")}`;
  return code < 0x1_00_00 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
