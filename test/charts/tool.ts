import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";

import { capture } from "../cluster/launch/kubectl.ts";
import { withMachineLock } from "../cluster/launch/machine-lock.ts";

interface Module {
  readonly module: string;
  readonly version: string;
  /** Path of the program's package in its module. */
  readonly path: string;
}

/** Programs that check or install charts, built from Go modules. */
const tools = {
  helm: { module: "helm.sh/helm/v4", version: "v4.3.1", path: "cmd/helm" },
  kubeconform: { module: "github.com/yannh/kubeconform", version: "v0.7.0", path: "cmd/kubeconform" },
  "kube-score": { module: "github.com/zegl/kube-score", version: "v1.20.0", path: "cmd/kube-score" },
  /** The Lua of Argo CD. */
  glua: { module: "github.com/yuin/gopher-lua", version: "v1.1.1", path: "cmd/glua" },
} as const satisfies Record<string, Module>;

/** Name of a tool. */
export type Tool = keyof typeof tools;

const flags = ["-mod=mod", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"];
const cacheLifetimeMs = 14 * 24 * 3600 * 1000;

/** Time limit of the first build of all tools, for hooks that need them. */
export const toolTimeoutMs = 30 * 60_000;

/** Why a tool cannot run on this machine; undefined when it can, perhaps after a build. */
export function whyNoTool(tool: Tool): string | undefined {
  if (goVersion() !== undefined || cachedTool(tool) !== undefined) return undefined;
  return `no Go in PATH, and no ${tool} ${tools[tool].version} in ${cacheFolder()}`;
}

/** Why kube-linter cannot run: it must be installed, because no proxy serves its module path for a build. */
export function whyNoKubeLinter(): string | undefined {
  return spawnSync("kube-linter", ["version"]).status === 0 ? undefined : "no kube-linter in PATH";
}

/** Path of a tool, which is built if the cache does not have it. That takes a minute or more. */
export async function toolPath(tool: Tool): Promise<string> {
  const version = goVersion();
  const target =
    version === undefined ? cachedTool(tool) : join(cacheFolder(), `${fingerprint(tool)}-${version}`, tool);
  if (target === undefined) throw new Error(whyNoTool(tool));
  if (!existsSync(target)) {
    await withMachineLock(target, async () => {
      if (!existsSync(target)) await build(tool, dirname(target));
    });
  }
  const now = new Date();
  await utimes(dirname(target), now, now).catch(() => {});
  return target;
}

function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "modelwright", "tools");
}

function fingerprint(tool: Tool): string {
  return `${tool}-${createHash("sha256")
    .update(JSON.stringify([tools[tool], flags]))
    .digest("hex")
    .slice(0, 16)}`;
}

function cachedTool(tool: Tool): string | undefined {
  if (!existsSync(cacheFolder())) return undefined;
  return readdirSync(cacheFolder())
    .filter((entry) => entry.startsWith(`${fingerprint(tool)}-`))
    .map((entry) => join(cacheFolder(), entry, tool))
    .find((path) => existsSync(path));
}

let knownVersion: { readonly go: string | undefined } | undefined;

function goVersion(): string | undefined {
  knownVersion ??= { go: installedGo() };
  return knownVersion.go;
}

function installedGo(): string | undefined {
  const go = spawnSync("go", ["env", "GOVERSION", "GOARCH"], { encoding: "utf8", env: goEnvironment() });
  return go.status === 0 ? go.stdout.trim().split(/\s+/).join("-") : undefined;
}

function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" };
}

/**
 * Builds in a module that requires only the tool's: `go install` would look up every longer path as a module, which not every
 * proxy answers correctly.
 */
async function build(tool: Tool, folder: string): Promise<void> {
  const { module, version, path }: Module = tools[tool];
  await mkdir(dirname(folder), { recursive: true });
  await sweep(dirname(folder));
  const draft = await mkdtemp(join(dirname(folder), "draft-"));
  try {
    process.stderr.write(`building ${tool} ${version}\n`);
    await writeFile(join(draft, "go.mod"), `module tool\n\ngo 1.25\n\nrequire ${module} ${version}\n`);
    const go = ["-C", draft, "build", ...flags, "-o", join(draft, tool), `${module}/${path}`];
    const { code, stderr } = await capture("nice", ["-n", "19", "go", ...go], "", goEnvironment());
    if (code !== 0) throw new Error(`go build of ${basename(path)} ${version} failed:\n${stderr}`);
    await rename(draft, folder);
  } catch (error) {
    // A process in another container with the same cache, which the lock does not exclude, was faster.
    if (!existsSync(join(folder, tool))) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function sweep(cache: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    const path = join(cache, entry);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > cacheLifetimeMs) await rm(path, { recursive: true, force: true });
  }
}
