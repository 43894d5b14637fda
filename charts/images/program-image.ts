import { join, relative } from "node:path";

import { reachedModules } from "./modules.ts";
import { type Image, layer } from "./oci-archive.ts";
import { nodeFiles, nodePath } from "./node-files.ts";
import { packageFiles } from "./packages.ts";
import type { TarEntry } from "./tar.ts";

/** A program that has an image of its own. */
export type Program = keyof typeof programs;

/** Built files that each program starts from: its own, and those of its threads. */
export const programs = {
  operator: {
    main: "dist/operator/main.js",
    // In the heap that Node gives itself in the chart's container new objects fill 1 MB before they are collected. With 2 MB ten
    // thousand new objects cost a tenth less processor time; with 4 MB more is kept than is saved.
    flags: ["--max-semi-space-size=2"],
    // What it reads at its start, hundreds of megabytes, leaves 15 MB less behind in the C library.
    memory: ["MALLOC_ARENA_MAX=1", "MALLOC_MMAP_THRESHOLD_=32768"],
    threads: [],
  },
  runtime: {
    main: "dist/runtime/main.js",
    // New objects fill 2 MB before they are collected, not 16: it costs no processor time, and saves 90 MB under load.
    flags: ["--max-semi-space-size=2"],
    // Each thread that reads a model leaves memory to the arena of the C library that it was given: few arenas, little is kept.
    memory: ["MALLOC_ARENA_MAX=2"],
    threads: [
      "dist/runtime/gateway/mirror/comparison-thread.js",
      "dist/runtime/model/placement/engine-thread.js",
      "dist/runtime/model/formats/parser.js",
    ],
  },
} as const;

const home = "app";
/** `nobody`, as the pods run it. */
const user = "65534:65534";

/** The files of a program: by layer, from the one that changes least to the one that changes most. */
export function programLayers(root: string, program: Program): readonly (readonly TarEntry[])[] {
  const { main, threads } = programs[program];
  const { files, packages } = reachedModules([main, ...threads].map((path) => join(root, path)));
  const own = ["package.json", ...files.map((path) => relative(root, path))];
  const needed = packageFiles(root, packages);
  const addons = needed.filter((path) => path.endsWith(".node")).map((path) => join(root, path));
  return [nodeFiles(addons), inHome(root, needed), inHome(root, own)].map(withFolders);
}

/** The image of a program, ready to be written. */
export async function programImage(root: string, program: Program): Promise<Image> {
  return {
    reference: `localhost/modelwright/${program}:dev`,
    layers: await Promise.all(programLayers(root, program).map(layer)),
    config: {
      User: user,
      WorkingDir: `/${home}`,
      Entrypoint: [nodePath, ...programs[program].flags, `/${home}/${programs[program].main}`],
      Env: ["NODE_ENV=production", ...programs[program].memory],
    },
  };
}

function inHome(root: string, paths: readonly string[]): readonly TarEntry[] {
  return paths.map((path) => ({ kind: "file", path: `${home}/${path}`, content: { file: join(root, path) } }));
}

/** Folders before what lies in them, so that these belong to root as well. */
function withFolders(entries: readonly TarEntry[]): readonly TarEntry[] {
  const named = new Set(entries.filter(({ kind }) => kind === "folder").map(({ path }) => path));
  const around = new Set(entries.flatMap(({ path }) => parents(path)).filter((path) => !named.has(path)));
  const folders = [...around].map((path): TarEntry => ({ kind: "folder", path }));
  return [...folders, ...entries].toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

function parents(path: string): readonly string[] {
  const segments = path.split("/").slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join("/"));
}
