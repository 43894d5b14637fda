import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

import type { SourceFile } from "./syntax.ts";

/** Root of the repository. */
export const root = join(import.meta.dirname, "..", "..");

const built = new Set([".git", "node_modules", "dist", "coverage"]);
const textual = /(^|\/)(\.npmrc|\.gitignore|run|LICENSE)$|\.(ts|js|json|md|yaml|yml|go|mod|txt|html|css|py)$/;
const maxBytes = 1024 * 1024;

/** All text files of the repository, hand-written or generated. */
export function repositoryFiles(): readonly SourceFile[] {
  return paths(root).map((path) => ({
    path: relative(root, path).split(sep).join("/"),
    text: readFileSync(path, "utf8"),
  }));
}

function paths(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return built.has(entry.name) ? [] : paths(path);
    // Another program may remove its scratch file after the listing.
    const isRead = entry.isFile() && textual.test(path) && existsSync(path) && statSync(path).size <= maxBytes;
    return isRead ? [path] : [];
  });
}
