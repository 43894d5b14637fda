// Creates container images of the built programs: `node charts/images/build.ts` writes dist/images/*.tar;
// `node charts/images/build.ts PROGRAM FOLDER` writes the files of one program's image into a folder, for the Dockerfile.
import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { type Layer, writeOciArchive } from "./oci-archive.ts";
import { type Program, programImage, programLayers, programs } from "./program-image.ts";
import type { TarEntry } from "./tar.ts";

const root = join(import.meta.dirname, "..", "..");

async function writeArchive(program: Program): Promise<void> {
  const image = await programImage(root, program);
  const path = join("dist", "images", `${program}.tar`);
  await writeOciArchive(join(root, path), image);
  const [node, ...own] = image.layers.map(megabytes);
  const beyond = own.reduce((sum, size) => sum + size, 0);
  process.stdout.write(`${path}: ${image.reference}, ${beyond} MB beyond Node (${node} MB)\n`);
}

function megabytes({ sizeBytes }: Layer): number {
  return Math.ceil(sizeBytes / 1e6);
}

async function writeFiles(program: Program, folder: string): Promise<void> {
  for (const entry of (await programLayers(root, program)).flat()) await writeEntry(entry, join(folder, entry.path));
}

async function writeEntry(entry: TarEntry, path: string): Promise<void> {
  if (entry.kind === "folder") {
    await mkdir(path, { recursive: true });
    return chmod(path, entry.mode ?? 0o755);
  }
  await mkdir(dirname(path), { recursive: true });
  if (entry.content instanceof Uint8Array) await writeFile(path, entry.content);
  else if ("file" in entry.content) await copyFile(entry.content.file, path);
  return chmod(path, entry.isExecutable === true ? 0o755 : 0o644);
}

const [program, folder] = process.argv.slice(2);
if (program === undefined) {
  await writeArchive("operator");
  await writeArchive("runtime");
} else if (folder !== undefined && program in programs) {
  await writeFiles(program as Program, folder); // checked on the line above
} else {
  process.stderr.write(`usage: build.ts [${Object.keys(programs).join("|")} FOLDER]\n`);
  process.exitCode = 2;
}
