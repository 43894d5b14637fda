import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Recipe } from "./recipe.ts";
import { run } from "./run.ts";

/** A wheel is a zip archive, and whoever has pip has a reader of these. Arguments: folder of wheels, target, beginnings. */
const extraction = `
import glob, sys, zipfile
source, target, *beginnings = sys.argv[1:]
for path in sorted(glob.glob(source + "/*.whl")):
    with zipfile.ZipFile(path) as wheel:
        for name in wheel.namelist():
            if name.startswith(tuple(beginnings)):
                wheel.extract(name, target)
`;

/** Downloads the wheels with pip and puts the files that are needed into `<folder>/wheels`. No Python package is installed. */
export async function takeFromWheels({ wheels, taken, device }: Recipe, folder: string): Promise<void> {
  const downloads = join(folder, "downloads");
  await mkdir(downloads);
  const dependencies = device === "gpu" ? [] : ["--no-deps"];
  const pip = ["-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--disable-pip-version-check"];
  await run("python3", [...pip, ...dependencies, "--dest", downloads, ...wheels], { cwd: folder });
  await run("python3", ["-c", extraction, downloads, join(folder, "wheels"), ...taken], { cwd: folder });
  await rm(downloads, { recursive: true });
}
