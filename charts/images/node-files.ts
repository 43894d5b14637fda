import { execFileSync } from "node:child_process";
import { dirname } from "node:path";

import type { TarEntry } from "./tar.ts";

/** Path of Node in the image. */
export const nodePath = "/usr/local/bin/node";

const encoded = (text: string): Uint8Array => Buffer.from(text);

/**
 * The Node that runs this, with the dynamic linker and the libraries that it and the addons need: the whole operating system of the
 * image. Libraries in the folder of an addon belong to it and are left out. Throws on anything but Linux.
 */
export function nodeFiles(addons: readonly string[] = []): readonly TarEntry[] {
  if (process.platform !== "linux") {
    throw new Error(`images contain this machine's Node, which is for ${process.platform}; must be for linux`);
  }
  const needed = [process.execPath, ...addons].flatMap(sharedLibraries);
  const isOwn = (path: string): boolean => addons.some((addon) => dirname(addon) === dirname(path));
  const paths = [...new Set(needed)].filter((path) => !isOwn(path)).toSorted();
  const libraries = paths.map((path): TarEntry => ({
    kind: "file",
    path: path.slice(1),
    content: { file: path },
    // The dynamic linker among them must be executable.
    isExecutable: true,
  }));
  const files: TarEntry[] = [
    { kind: "file", path: nodePath.slice(1), content: { file: process.execPath }, isExecutable: true },
    ...libraries,
    { kind: "file", path: "etc/passwd", content: encoded("nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n") },
    { kind: "file", path: "etc/group", content: encoded("nogroup:x:65534:\n") },
    { kind: "file", path: "etc/nsswitch.conf", content: encoded("hosts: files dns\n") },
  ];
  return [...files, { kind: "folder", path: "tmp", mode: 0o1777 }];
}

/** Absolute paths of the libraries that the dynamic linker loads, and of itself. */
function sharedLibraries(program: string): readonly string[] {
  const lines = execFileSync("ldd", [program], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}
