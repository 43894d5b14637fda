import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Link to the folder with the current files: the name that the kubelet's AtomicWriter uses. */
const dataLink = "..data";
const nextLink = "..data_tmp";

/**
 * Makes `folder` show `files` (path → content), all of them at once, in the layout of the kubelet's AtomicWriter
 * (kubernetes/pkg/volume/util/atomic_writer.go): the files lie in a folder with a time stamp, `..data` links to it and is replaced by
 * renaming, and each name in `folder` links through `..data`. Writes nothing when the content is already so. The paths must be the
 * same at each call; calls for the same folder must not overlap.
 */
export async function writeAtomically(
  folder: string,
  files: ReadonlyMap<string, string>,
  timeMs: number,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const before = await readlink(join(folder, dataLink)).catch(() => undefined);
  if (before === undefined || !(await holds(join(folder, before), files))) await replaceData(folder, files, timeMs);
  const entries = await readdir(folder);
  const names = new Set([...files.keys()].map((path) => path.split("/")[0] ?? path));
  for (const name of names) {
    if (!entries.includes(name)) await symlink(join(dataLink, name), join(folder, name));
  }
  const current = await readlink(join(folder, dataLink));
  for (const old of entries.filter((name) => name.startsWith("..") && name !== dataLink && name !== current)) {
    await rm(join(folder, old), { recursive: true, force: true });
  }
}

async function holds(folder: string, files: ReadonlyMap<string, string>): Promise<boolean> {
  for (const [path, content] of files) {
    const found = await readFile(join(folder, path), "utf8").catch(() => undefined);
    if (found !== content) return false;
  }
  return true;
}

async function replaceData(folder: string, files: ReadonlyMap<string, string>, timeMs: number): Promise<void> {
  const stamp = new Date(timeMs).toISOString().slice(0, 19).replaceAll(/[-T:]/g, "_");
  const data = await mkdtemp(join(folder, `..${stamp}.`));
  for (const [path, content] of files) {
    await mkdir(dirname(join(data, path)), { recursive: true });
    await writeFile(join(data, path), content);
  }
  const next = join(folder, nextLink);
  await rm(next, { force: true });
  await symlink(basename(data), next);
  await rename(next, join(folder, dataLink));
}
