import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Parts of the API whose kinds the chart has. */
export const schemaGroups = [
  "api/v1",
  "apis/apps/v1",
  "apis/autoscaling/v2",
  "apis/policy/v1",
  "apis/networking.k8s.io/v1",
  "apis/rbac.authorization.k8s.io/v1",
  "apis/apiextensions.k8s.io/v1",
] as const;

/** Names of the files, as kubeconform puts them together; it takes the version for the name of the core group. */
export const schemaNames = "{{ .ResourceKind }}-{{ .Group }}-{{ .ResourceAPIVersion }}.json";

interface OpenApi {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Schema {
  readonly properties?: object;
  readonly additionalProperties?: unknown;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
}

/** Writes the schemas of a document of `/openapi/v3`, one file a kind; they refuse fields that they do not know. */
export async function writeSchemas(folder: string, document: string): Promise<void> {
  const { components } = JSON.parse(document.replaceAll("#/components/schemas/", "#/definitions/")) as OpenApi; // the server's own format
  const definitions = Object.fromEntries(
    Object.entries(components.schemas).map(([name, schema]) => [name, strict(schema)]),
  );
  await mkdir(folder, { recursive: true });
  for (const [name, schema] of Object.entries(components.schemas)) {
    for (const { group, version, kind } of schema["x-kubernetes-group-version-kind"] ?? []) {
      const text = JSON.stringify({ $ref: `#/definitions/${name}`, definitions });
      await writeFile(join(folder, `${kind.toLowerCase()}-${group || version}-${version}.json`), text);
    }
  }
}

/** An object schema takes no fields beside its own; one that keeps unknown fields takes any. */
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, strict(member)]));
  const isOpen = "additionalProperties" in value || "x-kubernetes-preserve-unknown-fields" in value;
  return "properties" in value && !isOpen ? { ...members, additionalProperties: false } : members;
}
