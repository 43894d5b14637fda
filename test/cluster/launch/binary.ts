import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

import { withMachineLock } from "./machine-lock.ts";

const sources = join(import.meta.dirname, "..", "control-plane");
const binaryName = "control-plane";
const progressMs = 15_000;
const cacheLifetimeMs = 14 * 24 * 3600 * 1000;

/** Takes one line of progress. */
export type Report = (line: string) => void;

const toStderr: Report = (line) => process.stderr.write(`${line}\n`);

/** Says why the control plane cannot run on this machine; undefined where it can. */
export function whyNotHere(): string | undefined {
  if (process.platform !== "linux") {
    return `the control plane runs on Linux only, this is ${process.platform}`;
  }
  const go = installedGo();
  if ("version" in go || cachedBinary() !== undefined) return undefined;
  return `${go.missing}, and no control plane is in ${cacheFolder()}`;
}

/**
 * Path of the control plane's multi-call binary. Without one in the cache it is built, which takes
 * minutes; a second process that wants the same one waits for the first.
 */
export async function controlPlaneBinary(report: Report = toStderr): Promise<string> {
  const go = installedGo();
  const target = "version" in go ? join(cacheFolder(), `${fingerprint()}-${go.version}`, binaryName) : cachedBinary();
  if (target === undefined) throw new Error(whyNotHere());
  if (!existsSync(target)) {
    await withMachineLock(target, async () => {
      if (!existsSync(target)) await build(target, report);
    });
  }
  // The time of last use, for the sweep; a cache that cannot be written is not swept either.
  const now = new Date();
  await utimes(dirname(target), now, now).catch(() => {});
  return target;
}

function cacheFolder(): string {
  const root = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(root, "modelwright", "control-plane");
}

function cachedBinary(): string | undefined {
  if (!existsSync(cacheFolder())) return undefined;
  const prefix = `${fingerprint()}-`;
  return readdirSync(cacheFolder())
    .filter((entry) => entry.startsWith(prefix))
    .map((entry) => join(cacheFolder(), entry, binaryName))
    .find((path) => existsSync(path));
}

function fingerprint(): string {
  const hash = createHash("sha256").update(buildFlags().join("\n"));
  for (const file of readdirSync(sources).toSorted()) {
    if (/\.(go|mod|sum)$/.test(file)) hash.update(`\n${file}\n`).update(readFileSync(join(sources, file)));
  }
  return hash.digest("hex");
}

function buildFlags(): string[] {
  const goMod = readFileSync(join(sources, "go.mod"), "utf8");
  const [, version, major, minor] = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/.exec(goMod) ?? [];
  if (version === undefined) throw new Error("go.mod of the control plane does not require k8s.io/kubernetes");
  // Unstamped, the server calls itself v0.0.0-master and charts with a kubeVersion refuse it.
  const stamps = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((path) => [
    `-X ${path}.gitVersion=${version}`,
    `-X ${path}.gitMajor=${major}`,
    `-X ${path}.gitMinor=${minor}`,
  ]);
  return ["-trimpath", "-buildvcs=false", `-ldflags=-s -w ${stamps.join(" ")}`];
}

function installedGo(): { version: string } | { missing: string } {
  const go = spawnSync("go", ["env", "GOVERSION", "GOARCH"], { cwd: sources, encoding: "utf8" });
  if (go.error !== undefined) return { missing: "no Go in PATH" };
  if (go.status !== 0) return { missing: `Go does not start (${go.stderr.trim()})` };
  return { version: go.stdout.trim().split(/\s+/).join("-") };
}

async function build(target: string, report: Report): Promise<void> {
  const folder = dirname(target);
  await mkdir(dirname(folder), { recursive: true });
  await sweep(dirname(folder));
  const draft = await mkdtemp(join(dirname(folder), "draft-"));
  try {
    await compile(join(draft, binaryName), report);
    await rename(draft, folder);
  } catch (error) {
    // A process of another container with the same cache, whom the lock does not stop, was faster.
    if (!existsSync(target)) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function compile(output: string, report: Report): Promise<void> {
  const started = Date.now();
  const child = spawn("go", ["build", "-v", ...buildFlags(), "-o", output, "."], {
    cwd: sources,
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  const progress = () => {
    const seconds = Math.round((Date.now() - started) / 1000);
    report(`building the control plane (${lines.at(-1) ?? "starting"}), ${seconds} s`);
  };
  progress();
  const timer = setInterval(progress, progressMs);
  try {
    await once(child, "close");
  } finally {
    clearInterval(timer);
  }
  if (child.exitCode !== 0) {
    throw new Error(`go build of the control plane failed:\n${lines.slice(-20).join("\n")}`);
  }
}

async function sweep(cache: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    const path = join(cache, entry);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > cacheLifetimeMs) await rm(path, { recursive: true, force: true });
  }
}
