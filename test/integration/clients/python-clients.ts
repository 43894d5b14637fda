import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { cachedFolder } from "../../builds/cached-folder.ts";

const run = promisify(execFile);

/** Folder of the client scripts and their requirements. */
export const scripts = join(import.meta.dirname, "python");
const extraction = join(scripts, "extract_messages.py");

/** The wheel with the message classes that `tensorflow-serving-api` needs. */
const tensorflow = "tensorflow-cpu==2.21.0";
const pipMs = 300_000;

/** A Python environment with the clients, created once per machine; or why it is unavailable. */
export async function pythonClients(): Promise<{ readonly python: string } | { readonly missing: string }> {
  try {
    const { stdout: version } = await run("python3", ["--version"]);
    const files = ["requirements.txt", "without-dependencies.txt", "extract_messages.py"];
    const contents = files.map((file) => readFileSync(join(scripts, file), "utf8"));
    const folder = await cachedFolder({
      name: "python-clients",
      content: [version, tensorflow, ...contents],
      build: installed,
    });
    return { python: join(folder, "bin", "python") };
  } catch (thrown) {
    const lines = String(thrown instanceof Error ? thrown.message : thrown)
      .trim()
      .split("\n");
    return {
      missing: `the Python clients cannot be installed: ${lines.find((line) => line.startsWith("ERROR")) ?? lines[0]}`,
    };
  }
}

async function installed(folder: string): Promise<void> {
  const python = join(folder, "bin", "python");
  const pip = async (...args: readonly string[]): Promise<void> => {
    const quiet = ["--quiet", "--no-input", "--disable-pip-version-check"];
    await run(python, ["-m", "pip", ...args, ...quiet], { timeout: pipMs, maxBuffer: 64 * 1024 ** 2 });
  };
  await run("python3", ["-m", "venv", folder]);
  const { stdout } = await run(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]);
  // Wheels only, so that pip neither builds nor falls back to old releases.
  const wheels = "--only-binary=:all:";
  await pip("install", wheels, "-r", join(scripts, "requirements.txt"));
  await pip("install", wheels, "--no-deps", "-r", join(scripts, "without-dependencies.txt"));
  const wheel = await mkdtemp(join(folder, "wheel-"));
  await pip("download", wheels, "--no-deps", "--dest", wheel, tensorflow);
  await run(python, [extraction, wheel, stdout.trim()]);
  await rm(wheel, { recursive: true });
}
