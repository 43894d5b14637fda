import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";

import { type CodeSplittingOptions, rolldown } from "rolldown";

/** Options of `bundledFiles`. Each file that a program loads costs a third of a millisecond at its start, and memory. */
export interface BundleOptions {
  /** Entry point of the program; its bundle has the same name. */
  readonly main: string;
  /** Entry points of its threads; each becomes a bundle of the same name. */
  readonly threads: readonly string[];
  /** For each command of the program, the files that it always loads; with their imports they become one bundle. */
  readonly commands: Readonly<Record<string, readonly string[]>>;
  /** Packages that are bundled, with their dependencies; others stay packages. */
  readonly inlined: readonly string[];
  /** Output folder; emptied first. */
  readonly folder: string;
}

/**
 * Bundles built modules and returns the paths of the bundles. Dynamic imports stay separate files, and modules that several commands
 * load become a separate bundle. Threads share no bundles with the program: shared parts would become many small files.
 */
export async function bundledFiles({
  main,
  threads,
  commands,
  inlined,
  folder,
}: BundleOptions): Promise<readonly string[]> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeBundle({ entry: main, inlined, folder }, { groups: commandGroups(commands) });
  for (const entry of threads) await writeBundle({ entry, inlined, folder }, true);
  return (await readdir(folder)).toSorted().map((name) => join(folder, name));
}

interface Bundle extends Pick<BundleOptions, "inlined" | "folder"> {
  readonly entry: string;
}

async function writeBundle(
  { entry, inlined, folder }: Bundle,
  codeSplitting: true | CodeSplittingOptions,
): Promise<void> {
  const isExternal = (id: string, importer: string | undefined): boolean =>
    !/^[./]/.test(id) && !isPackageFile(importer) && !inlined.some((name) => id === name || id.startsWith(`${name}/`));
  const bundle = await rolldown({
    input: { [basename(entry, extname(entry))]: entry },
    platform: "node",
    external: isExternal,
    logLevel: "silent", // it warns about missing optional dependencies of unused code
  });
  const { output } = await bundle.generate({
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    codeSplitting,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await bundle.close();
  for (const part of output)
    if (part.type === "chunk") await writeFile(join(folder, part.fileName), asciiOnly(part.code));
}

/** Escapes non-ASCII characters: V8 keeps the source in memory, with two bytes per character if any is beyond Latin-1. */
function asciiOnly(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

type Groups = NonNullable<CodeSplittingOptions["groups"]>;
type ImportsOf = (id: string) => readonly string[];

/** One bundle per set of commands, of the modules that exactly these load. Larger sets first: their modules import none of smaller sets. */
function commandGroups(commands: BundleOptions["commands"]): Groups {
  const names = Object.keys(commands);
  const loaded = new Map<string, ReadonlySet<string>>();
  const loadedBy = (command: string, importsOf: ImportsOf): ReadonlySet<string> => {
    const known = loaded.get(command) ?? reached(commands[command] ?? [], importsOf);
    loaded.set(command, known);
    return known;
  };
  return subsets(names)
    .filter(({ length }) => length > 0)
    .map((subset) => ({
      priority: subset.length,
      name: (id, graph) => {
        const importsOf: ImportsOf = (path) => graph.getModuleInfo(path)?.importedIds ?? [];
        const isExactSet = names.every((name) => loadedBy(name, importsOf).has(id) === subset.includes(name));
        return isExactSet ? subset.join("-") : null;
      },
    }));
}

function reached(entries: readonly string[], importsOf: ImportsOf): ReadonlySet<string> {
  const files = new Set<string>(entries);
  for (const file of files) for (const imported of importsOf(file)) files.add(imported);
  return files;
}

function subsets(names: readonly string[]): readonly (readonly string[])[] {
  const [first, ...rest] = names;
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((subset) => [subset, [first, ...subset]]);
}

function isPackageFile(path: string | undefined): boolean {
  return path?.includes("/node_modules/") === true;
}
