import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The files of a program and the packages that they import. */
export interface Modules {
  /** Absolute paths. */
  readonly files: readonly string[];
  /** Such as `typebox`, `@kubernetes/client-node`. */
  readonly packages: readonly string[];
}

const commentLines = /^\s*(?:\/\/|\/?\*).*$/gm;
// As the compiler writes them: literals in double quotes. Without white space, which a text that ends in "from" is followed by.
const specifiers = /\b(?:from|import|import\(|require\(|require\.resolve\()\s*"([^"\s]+)"/g;

/** Follows the static and dynamic imports of built files. Throws when a file is missing. */
export function reachedModules(entries: readonly string[]): Modules {
  const files = new Set<string>();
  const packages = new Set<string>();
  const queue = [...entries];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (files.has(path)) continue;
    if (!existsSync(path))
      throw new Error(`${path} does not exist; it must be built before an image is made: npm run build`);
    files.add(path);
    if (!path.endsWith(".js")) continue;
    for (const [, specifier = ""] of sourceOf(path).matchAll(specifiers)) {
      if (specifier.startsWith(".")) queue.push(join(dirname(path), specifier));
      else if (!specifier.startsWith("node:")) packages.add(packageOf(specifier));
    }
  }
  return { files: [...files].toSorted(), packages: [...packages].toSorted() };
}

function sourceOf(path: string): string {
  return readFileSync(path, "utf8").replaceAll(commentLines, "");
}

/** `@scope/name/sub/path` → `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
