import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { Fault } from "../../../../runtime/base/fault.ts";
import type { Pod, Volume } from "../../../kube/kinds.ts";
import type { Container } from "../../../kube/kinds/container.ts";
import { kubeletFaults } from "../faults.ts";
import type { KeyedKind, KeyedObjects } from "./keyed-objects.ts";
import type { Mount } from "./mount-paths.ts";

/** Where volumes get their files from. */
export interface VolumeSources {
  readonly objects: KeyedObjects;
  /** Claim name → folder of this machine. */
  readonly claims: Readonly<Record<string, string>>;
}

/** Makes every volume of a pod under `folder`; volume name → folder. Throws FailedMount for the first that cannot be made. */
export async function mountedVolumes(
  pod: Pod,
  folder: string,
  sources: VolumeSources,
): Promise<ReadonlyMap<string, string>> {
  const mounted = new Map<string, string>();
  for (const volume of pod.spec.volumes ?? []) {
    try {
      mounted.set(volume.name, await mountedVolume(volume, join(folder, volume.name), sources));
    } catch (thrown) {
      throw kubeletFaults.FailedMount({ volume: volume.name, cause: Fault.from(thrown).message }, thrown);
    }
  }
  return mounted;
}

/** The paths that a container sees of the mounted volumes. */
export function containerMounts(container: Container, volumes: ReadonlyMap<string, string>): Mount[] {
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath }) => {
    const folder = volumes.get(name);
    return folder === undefined ? [] : [{ path: normalizedPath(mountPath), target: join(folder, subPath ?? "") }];
  });
}

async function mountedVolume(volume: Volume, folder: string, sources: VolumeSources): Promise<string> {
  const { configMap, secret } = volume;
  if (configMap !== undefined) return keysFolder("ConfigMap", configMap, folder, sources);
  if (secret !== undefined) return keysFolder("Secret", { ...secret, name: secret.secretName }, folder, sources);
  if (volume.persistentVolumeClaim !== undefined) {
    const { claimName } = volume.persistentVolumeClaim;
    const target = sources.claims[claimName];
    if (target === undefined) throw new Error(`persistentvolumeclaim "${claimName}" not found`);
    return target;
  }
  if (volume.emptyDir === undefined) {
    throw new Error("local mode has emptyDir, configMap, secret and persistentVolumeClaim volumes only");
  }
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Keys as files. */
interface Keys {
  readonly name?: string | undefined;
  readonly items?: readonly { readonly key: string; readonly path: string }[];
  readonly optional?: boolean;
}

/** Written beside its place and renamed, so that a retry never shows half of it. */
async function keysFolder(kind: KeyedKind, source: Keys, folder: string, { objects }: VolumeSources): Promise<string> {
  const { name = "", items, optional = false } = source;
  const found = await objects.contents(kind, name);
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
    const file = join(partial, contained(path));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
  return folder;
}

/** API servers refuse such paths; a model of one may not. */
function contained(path: string): string {
  if (path.startsWith("/") || path.split("/").includes("..")) throw new Error(`invalid item path: ${path}`);
  return path;
}

function normalizedPath(path: string): string {
  const plain = normalize(path);
  return plain.length > 1 && plain.endsWith("/") ? plain.slice(0, -1) : plain;
}
