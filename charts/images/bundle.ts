import { readdir, rm } from "node:fs/promises";
import { basename, extname, join } from "node:path";

import { rolldown } from "rolldown";

/** What becomes few files: each costs a program's start a third of a millisecond, and memory. */
export interface BundleOrder {
  /** Files that programs and threads start from, each of its own name: the bundles are called like them. */
  readonly entries: readonly string[];
  /** Packages that are joined in, with all they need; others stay packages. */
  readonly inlined: readonly string[];
  /** Gets the bundles and nothing else. */
  readonly folder: string;
}

/** Joins built modules, those that are imported on demand as files of their own; the paths of what was written. */
export async function bundledFiles({ entries, inlined, folder }: BundleOrder): Promise<readonly string[]> {
  const isApart = (id: string, importer: string | undefined): boolean =>
    !/^[./]/.test(id) && !isPackageFile(importer) && !inlined.some((name) => id === name || id.startsWith(`${name}/`));
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map((entry) => [basename(entry, extname(entry)), entry])),
    platform: "node",
    external: isApart,
    logLevel: "silent", // it warns of packages that others need for what is not used here
  });
  await rm(folder, { recursive: true, force: true });
  await bundle.write({ dir: folder, format: "esm", entryFileNames: "[name].js", chunkFileNames: "[name]-[hash].js" });
  await bundle.close();
  return (await readdir(folder)).toSorted().map((name) => join(folder, name));
}

function isPackageFile(path: string | undefined): boolean {
  return path?.includes("/node_modules/") === true;
}
