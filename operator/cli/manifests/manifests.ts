import { issueText } from "../../../crds/schema/structural/issue.ts";
import { readYaml } from "../../../crds/schema/yaml.ts";
import type { ModelDeployment } from "../../../crds/v1alpha1/model-deployment.ts";
import { admittedModelDeployment } from "../../../crds/v1alpha1/validation.ts";
import type { ManifestFile } from "./manifest-files.ts";

/** One object of a manifest file. */
export interface Manifest {
  readonly path: string;
  readonly object: ManifestObject;
}

/** The fields that every manifest must have; the others depend on the kind. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** What is wrong with a file or one of its objects; empty: nothing. */
export interface Verdict {
  readonly path: string;
  /** As `ModelDeployment default/digits`; the file's name when the object has none. */
  readonly name: string;
  /** Lines for a terminal, each beginning with the place: the file, and its line or object. */
  readonly complaints: readonly string[];
  readonly manifest?: Manifest;
}

/** Reads the objects of manifest files and checks each: ModelDeployments as the API server would, others for identity only. */
export function verdicts(files: readonly ManifestFile[]): readonly Verdict[] {
  return files.flatMap(({ path, text }) => {
    try {
      return readYaml(text, path)
        .flatMap(listItems)
        .map((value) => verdict(path, value));
    } catch (thrown) {
      const complaint = thrown instanceof Error ? thrown.message : String(thrown); // begins with path, line and column
      return [{ path, name: path, complaints: [complaint] }];
    }
  });
}

/** `ModelDeployment default/digits`. */
export function objectName({ kind, metadata }: ManifestObject): string {
  return `${kind} ${metadata.namespace ?? "default"}/${metadata.name}`;
}

/** The ModelDeployment of a manifest that `verdicts` found nothing wrong with; undefined for another kind. */
export function deploymentOf({ object }: Manifest): ModelDeployment | undefined {
  return object.kind === "ModelDeployment" ? (object as object as ModelDeployment) : undefined; // valid by its schema
}

function verdict(path: string, value: unknown): Verdict {
  const missing = missingIdentity(value);
  if (!isManifestObject(value)) return { path, name: path, complaints: [`${path}: ${missing}`] };
  const name = objectName(value);
  const wrong = value.kind === "ModelDeployment" ? wrongs(value) : [];
  const complaints = wrong.map((text) => `${path}: ${name}: ${text}`);
  return { path, name, complaints, manifest: { path, object: value } };
}

function wrongs(object: ManifestObject): readonly string[] {
  // JSON made of YAML: what YAML has beyond JSON (dates, binary) the reader left as text.
  const { issues, unknownFields } = admittedModelDeployment(JSON.parse(JSON.stringify(object)));
  return [...unknownFields.map((field) => `unknown field "${field}"`), ...issues.map(issueText)];
}

/** The items of a List; any other document is one object. */
export function listItems(document: unknown): readonly unknown[] {
  const isList = isRecord(document) && document["kind"] === "List" && Array.isArray(document["items"]);
  return isList && Array.isArray(document["items"]) ? document["items"] : [document];
}

function isManifestObject(value: unknown): value is ManifestObject {
  return missingIdentity(value) === "";
}

function missingIdentity(value: unknown): string {
  if (!isRecord(value)) return "is not an object; expected apiVersion, kind and metadata.name";
  const metadata = isRecord(value["metadata"]) ? value["metadata"] : {};
  const absent = [
    ...(typeof value["apiVersion"] === "string" ? [] : ["apiVersion"]),
    ...(typeof value["kind"] === "string" ? [] : ["kind"]),
    ...(typeof metadata["name"] === "string" ? [] : ["metadata.name"]),
  ];
  return absent.length === 0 ? "" : `an object has no ${absent.join(" and no ")}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
