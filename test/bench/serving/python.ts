import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { cachedFolder } from "../../builds/cached-folder.ts";

/** Path of a Python with these packages, in a virtual environment that is created once. Throws if pip cannot install them. */
export async function pythonWith(name: string, packages: readonly string[]): Promise<string> {
  const folder = await cachedFolder({
    name: `peers-${name.toLowerCase()}`,
    content: packages,
    build: async (folder) => {
      console.log(`installing ${packages.join(" ")}`);
      const run = promisify(execFile);
      await run("python3", ["-m", "venv", folder]);
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
      await run(join(folder, "bin", "python"), [...pip, ...packages], { maxBuffer: 64 * 1024 ** 2 });
    },
  });
  return join(folder, "bin", "python");
}
