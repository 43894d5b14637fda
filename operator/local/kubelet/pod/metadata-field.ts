import { goQuoted } from "../../../../crds/schema/grammar/go-quoted.ts";
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
