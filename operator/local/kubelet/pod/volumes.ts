import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { Clock } from "../../../../runtime/base/clock.ts";
import { Fault } from "../../../../runtime/base/fault.ts";
import type { DownwardApiFile, ObjectMeta, Pod, Volume } from "../../../kube/kinds.ts";
import type { Container } from "../../../kube/kinds/container.ts";
import { kubeletFaults } from "../faults.ts";
import { writeAtomically } from "./atomic-folder.ts";
import type { ConfigKind, ConfigReader } from "./config-reader.ts";
import { metadataField } from "./metadata-field.ts";
import type { Mount } from "./mount-paths.ts";

/** The sources of volumes. */
export interface VolumeSources {
  readonly config: ConfigReader;
  /** Claim name → folder of this machine. */
  readonly claims: Readonly<Record<string, string>>;
  readonly clock: Pick<Clock, "now">;
}

/** Creates the volumes of a pod under `folder` and returns their folders by name. Throws FailedMount for the first that fails. */
export function mountedVolumes(pod: Pod, folder: string, sources: VolumeSources): Promise<ReadonlyMap<string, string>> {
  return mountedEach(pod.spec.volumes ?? [], pod, folder, sources);
}

/**
 * Brings the mounted volumes that show the pod's metadata up to date. Calls for the same pod must not overlap. Throws FailedMount for
 * the first that fails.
 */
export async function refreshVolumes(pod: Pod, folder: string, sources: VolumeSources): Promise<void> {
  const volumes = pod.spec.volumes?.filter(({ downwardAPI }) => downwardAPI !== undefined) ?? [];
  await mountedEach(volumes, pod, folder, sources);
}

async function mountedEach(
  volumes: readonly Volume[],
  { metadata }: Pod,
  folder: string,
  sources: VolumeSources,
): Promise<ReadonlyMap<string, string>> {
  const mounted = new Map<string, string>();
  for (const volume of volumes) {
    try {
      mounted.set(volume.name, await mountedVolume(volume, metadata, join(folder, volume.name), sources));
    } catch (thrown) {
      throw kubeletFaults.FailedMount({ volume: volume.name, cause: Fault.from(thrown).message }, thrown);
    }
  }
  return mounted;
}

/** A container's mounts of the pod's volumes. */
export function containerMounts(container: Container, volumes: ReadonlyMap<string, string>): Mount[] {
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath }) => {
    const folder = volumes.get(name);
    return folder === undefined ? [] : [{ path: normalizedPath(mountPath), target: join(folder, subPath ?? "") }];
  });
}

async function mountedVolume(
  volume: Volume,
  metadata: ObjectMeta,
  folder: string,
  sources: VolumeSources,
): Promise<string> {
  const { configMap, secret, downwardAPI } = volume;
  if (configMap !== undefined) return keysFolder("ConfigMap", configMap, folder, sources);
  if (secret !== undefined) return keysFolder("Secret", { ...secret, name: secret.secretName }, folder, sources);
  if (downwardAPI !== undefined) {
    await writeAtomically(folder, metadataFiles(downwardAPI.items ?? [], metadata), sources.clock.now());
    return folder;
  }
  if (volume.persistentVolumeClaim !== undefined) {
    const { claimName } = volume.persistentVolumeClaim;
    const target = sources.claims[claimName];
    if (target === undefined) throw new Error(`persistentvolumeclaim "${claimName}" not found`);
    return target;
  }
  if (volume.emptyDir === undefined) {
    throw new Error("local mode has emptyDir, configMap, secret, downwardAPI and persistentVolumeClaim volumes only");
  }
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Contents of a downwardAPI volume's files by path. */
function metadataFiles(items: readonly DownwardApiFile[], metadata: ObjectMeta): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { path, fieldRef } of items) {
    if (fieldRef === undefined) throw new Error("local mode has no resourceFieldRef in downwardAPI volumes");
    const content = metadataField(fieldRef.fieldPath, metadata);
    if (content === undefined) throw new Error(`unsupported fieldPath: ${fieldRef.fieldPath}`);
    files.set(checkedItemPath(path), content);
  }
  return files;
}

/** The fields that configMap and secret volumes share. */
interface Keys {
  readonly name?: string | undefined;
  readonly items?: readonly { readonly key: string; readonly path: string }[];
  readonly optional?: boolean;
}

/** Writes keys as files. The folder is written under another name and renamed, so it is never partial. */
async function keysFolder(kind: ConfigKind, source: Keys, folder: string, { config }: VolumeSources): Promise<string> {
  const { name = "", items, optional = false } = source;
  const found = await config.contents(kind, name);
  if (found === undefined && !optional) throw new Error(`${kind.toLowerCase()} "${name}" not found`);
  const contents = found ?? new Map<string, Buffer>();
  const wanted = items ?? [...contents.keys()].map((key) => ({ key, path: key }));
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const { key, path } of wanted) {
    const content = contents.get(key);
    if (content === undefined && !optional) throw new Error(`references non-existent config key: ${key}`);
    if (content === undefined) continue;
    const file = join(partial, checkedItemPath(path));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
  return folder;
}

/** Throws for a path outside the volume or that starts like a link of an atomic folder: kube-apiserver refuses those, the API-server model does not. */
function checkedItemPath(path: string): string {
  if (/^\/|^\.\./.test(path) || path.split("/").includes("..")) throw new Error(`invalid item path: ${path}`);
  return path;
}

function normalizedPath(path: string): string {
  const plain = normalize(path);
  return plain.length > 1 && plain.endsWith("/") ? plain.slice(0, -1) : plain;
}
