// Builds the TensorFlow engine: `node charts/images/tensorflow-engine/build.ts [--gpu]`. The result is in the user's cache folder,
// addressed by content; dist/tensorflow-engine is a symbolic link to it.
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import { compileCommand, linkLibraries } from "./addon.ts";
import { type Recipe, fingerprint, recipe } from "./recipe.ts";
import { run } from "./run.ts";
import { takeFromWheels } from "./wheels.ts";

const root = join(import.meta.dirname, "..", "..", "..");

async function main(args: readonly string[]): Promise<void> {
  const unknown = args.find((arg) => arg !== "--gpu");
  if (unknown !== undefined) throw new Error(`${unknown} is not an option; must be --gpu or nothing`);
  const inputs = recipe(args.includes("--gpu") ? "gpu" : "cpu");
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "modelwright", "tensorflow-engine");
  const folder = join(cache, fingerprint(inputs, compileCommand(".")));
  if (existsSync(folder)) say(`already built: ${folder}`);
  else await build(inputs, folder);
  const link = join(root, "dist", "tensorflow-engine");
  await mkdir(dirname(link), { recursive: true });
  await rm(link, { recursive: true, force: true });
  await symlink(folder, link);
  say("dist/tensorflow-engine is ready; serve a SavedModel with --engine TensorFlow");
}

/** Builds in a temporary folder beside the result and renames it when it is complete. */
async function build(inputs: Recipe, folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    say(`1/4 npm packages: ${Object.keys(inputs.packages).join(", ")}`);
    await writeFile(join(work, "package.json"), JSON.stringify({ private: true, dependencies: inputs.packages }));
    const npm = ["install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"];
    await run("npm", npm, { cwd: work });
    say(`2/4 Python wheels: ${inputs.wheels.join(", ")}`);
    await takeFromWheels(inputs, work);
    say("3/4 libraries");
    await linkLibraries(work);
    say("4/4 compiling the addon");
    const [compiler = "", ...flags] = compileCommand(work);
    await run(compiler, flags, { cwd: work });
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function say(line: string): void {
  process.stdout.write(`tensorflow engine: ${line}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (thrown) {
  process.stderr.write(`tensorflow engine: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
