import type { Client } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/kinds.ts";
import { type Resource, resources } from "../../kube/resources.ts";
import { Fault } from "../../../runtime/base/fault.ts";
import { manifestFiles } from "./manifest-files.ts";
import { type ManifestObject, objectName, checkedManifests } from "./manifests.ts";

/** What was applied from a set of files, by object name; the text serves to detect changes. */
export type AppliedManifests = ReadonlyMap<string, { readonly object: ManifestObject; readonly text: string }>;

interface ApplyParts {
  /** What was applied last time. */
  readonly objects: AppliedManifests;
  readonly print: (line: string) => void;
}

const byKind: ReadonlyMap<string, Resource> = new Map(
  Object.values(resources).map((resource) => [resource.kind, resource]),
);

/**
 * Applies new and changed objects of the files to the API server and deletes those that the files no longer have. An invalid
 * file or object is reported and its objects stay as they were, so that a slip in an editor takes nothing down.
 */
export async function applied(client: Client, paths: readonly string[], parts: ApplyParts): Promise<AppliedManifests> {
  const { print } = parts;
  const next = new Map<string, { object: ManifestObject; text: string }>();
  const checked = checkedManifests(manifestFiles(paths));
  for (const { name, complaints, manifest } of checked) {
    complaints.forEach(print);
    const before = parts.objects.get(name);
    if (complaints.length > 0 || manifest === undefined) {
      if (before !== undefined) next.set(name, before);
      continue;
    }
    const entry = { object: manifest.object, text: JSON.stringify(manifest.object) };
    if (before?.text !== entry.text) await apply(client, entry.object, print);
    next.set(name, entry);
  }
  const readable = checked.every(({ manifest }) => manifest !== undefined);
  for (const [name, entry] of parts.objects) {
    if (next.has(name)) continue;
    if (readable) await remove(client, entry.object, print);
    else next.set(name, entry);
  }
  return next;
}

async function apply(client: Client, object: ManifestObject, print: (line: string) => void): Promise<void> {
  const resource = byKind.get(object.kind);
  if (resource === undefined) {
    print(
      `${objectName(object)}: kind ${object.kind} is not served in local mode; it has ${[...byKind.keys()].join(", ")}`,
    );
    return;
  }
  try {
    await client.apply(resource, withNamespace(object, resource), { force: true });
    print(`applied ${objectName(object)}`);
  } catch (thrown) {
    print(`${objectName(object)}: ${Fault.from(thrown).sentence}`);
  }
}

async function remove(client: Client, object: ManifestObject, print: (line: string) => void): Promise<void> {
  const resource = byKind.get(object.kind);
  if (resource === undefined) return;
  await client.remove(resource, withNamespace(object, resource).metadata);
  print(`deleted ${objectName(object)}`);
}

function withNamespace(object: ManifestObject, { namespaced }: Resource): KubeObject & { metadata: { name: string } } {
  const { name } = object.metadata;
  const metadata = namespaced
    ? { ...object.metadata, name, namespace: object.metadata.namespace ?? "default" }
    : object.metadata;
  return { ...object, metadata };
}
