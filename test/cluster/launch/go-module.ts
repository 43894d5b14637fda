import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import { withMachineLock } from "./machine-lock.ts";

/** Go programs that are built once per content of their sources and kept in a cache outside the clone. */
export interface GoModule {
  /** Name of the folder in the cache. */
  readonly name: string;
  /** Name in messages, such as "the control plane". */
  readonly title: string;
  /** Folder of go.mod. */
  readonly sources: string;
  readonly builds: readonly GoBuild[];
  /** Says what the machine lacks, beside Go, to build the module; undefined: nothing. */
  readonly lacks?: () => string | undefined;
}

/** One run of `go build`. */
export interface GoBuild {
  /** Import paths of main packages; the last element of each is the program's name. */
  readonly packages: readonly string[];
  readonly flags: readonly string[];
  /** Whether to link with C libraries of the machine. Default: static, without cgo. */
  readonly isLinkedToC?: boolean;
}

/** Prints one line of progress. */
export type Report = (line: string) => void;

const progressMs = 15_000;
const cacheLifetimeMs = 14 * 24 * 3600 * 1000;
const toStderr: Report = (line) => process.stderr.write(`${line}\n`);

/** Says why the module's programs are neither cached nor can be built; undefined if they are available. */
export function whyNotBuilt(module: GoModule): string | undefined {
  const go = installedGo(module);
  const missing = "version" in go ? module.lacks?.() : go.missing;
  if (missing === undefined || cachedPrograms(module) !== undefined) return undefined;
  return `${missing}, and ${module.title} is not in ${cacheFolder(module)}`;
}

/**
 * Folder of the module's programs. If they are not in the cache they are built, which takes minutes; a second process that needs
 * the same programs waits for the first.
 */
export async function builtPrograms(module: GoModule, report: Report = toStderr): Promise<string> {
  const go = installedGo(module);
  const isBuildable = "version" in go && module.lacks?.() === undefined;
  const folder = isBuildable
    ? join(cacheFolder(module), `${fingerprint(module)}-${go.version}`)
    : cachedPrograms(module);
  if (folder === undefined) throw new Error(whyNotBuilt(module));
  if (!existsSync(folder)) {
    await withMachineLock(folder, async () => {
      if (!existsSync(folder)) await build(module, folder, report);
    });
  }
  // The time of last use, for `sweep`; a cache that cannot be written is not swept either.
  const now = new Date();
  await utimes(folder, now, now).catch(() => {});
  return folder;
}

function cacheFolder({ name }: GoModule): string {
  const root = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(root, "modelwright", name);
}

function cachedPrograms(module: GoModule): string | undefined {
  const cache = cacheFolder(module);
  if (!existsSync(cache)) return undefined;
  const prefix = `${fingerprint(module)}-`;
  const entry = readdirSync(cache).find((name) => name.startsWith(prefix));
  return entry === undefined ? undefined : join(cache, entry);
}

function fingerprint({ sources, builds }: GoModule): string {
  const hash = createHash("sha256").update(JSON.stringify(builds));
  for (const file of readdirSync(sources, { recursive: true, encoding: "utf8" }).toSorted()) {
    if (/\.(go|mod|sum)$/.test(file)) hash.update(`\n${file}\n`).update(readFileSync(join(sources, file)));
  }
  return hash.digest("hex");
}

function installedGo({ sources }: GoModule): { version: string } | { missing: string } {
  const go = spawnSync("go", ["env", "GOVERSION", "GOARCH"], { cwd: sources, encoding: "utf8" });
  if (go.error !== undefined) return { missing: "no Go in PATH" };
  if (go.status !== 0) return { missing: `Go does not start (${go.stderr.trim()})` };
  return { version: go.stdout.trim().split(/\s+/).join("-") };
}

async function build(module: GoModule, folder: string, report: Report): Promise<void> {
  const cache = dirname(folder);
  await mkdir(cache, { recursive: true });
  await sweep(cache);
  const draft = await mkdtemp(join(cache, "draft-"));
  try {
    for (const run of module.builds) await compile(module, run, draft, report);
    await rename(draft, folder);
  } catch (error) {
    // A process in another container with the same cache, which the lock does not exclude, may have been faster.
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function compile(module: GoModule, run: GoBuild, output: string, report: Report): Promise<void> {
  const started = Date.now();
  const flags = ["-trimpath", "-buildvcs=false", ...run.flags];
  const child = spawn("go", ["build", "-v", ...flags, "-o", `${output}/`, ...run.packages], {
    cwd: module.sources,
    env: { ...process.env, CGO_ENABLED: run.isLinkedToC === true ? "1" : "0", GOWORK: "off" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  const progress = () => {
    const seconds = Math.round((Date.now() - started) / 1000);
    report(`building ${module.title} (${lines.at(-1) ?? "starting"}), ${seconds} s`);
  };
  progress();
  const timer = setInterval(progress, progressMs);
  try {
    await once(child, "close");
  } finally {
    clearInterval(timer);
  }
  if (child.exitCode !== 0) {
    throw new Error(`go build of ${module.title} failed:\n${lines.slice(-20).join("\n")}`);
  }
}

async function sweep(cache: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    const path = join(cache, entry);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > cacheLifetimeMs) await rm(path, { recursive: true, force: true });
  }
}
