import { createHash } from "node:crypto";
import { readdir, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { type FolderFile, folderFiles, fromDisk } from "../source/folder-files.ts";
import { holdsModel } from "../source/model-file.ts";
import { repositoryFaults } from "./faults.ts";
import type { ModelConfiguration } from "./model-configuration.ts";
import { pickedVersions } from "./version-policy.ts";

/** A version of a model, as it lies on disk. */
export interface FoundVersion {
  readonly number: number;
  readonly path: string;
  /** Root that nothing may lead out of. */
  readonly volume: string;
  /** Tells one content from another without reading it. */
  readonly fingerprint: string;
}

/** The versions of a model, complete or not. */
export interface FoundVersions {
  readonly complete: readonly FoundVersion[];
  /** Numbers of those that are being written, or have no model in them: what serves of them goes on. */
  readonly unfinished: readonly number[];
  /** It is worth to look again soon. */
  readonly isSettling: boolean;
}

/**
 * Looks for versions; remembers since when what it saw is as it is. Whoever knows that nothing is being written asks for all
 * that have a model in them.
 */
export type VersionFinder = (configuration: ModelConfiguration, isWritten?: boolean) => Promise<FoundVersions>;

/** A version whose files have not changed for so long is complete. */
const settleMs = 1_000;

interface Candidate extends FoundVersion {
  /** Wall clock of the last change of any of its files; 0: it need not settle. */
  readonly changedMs: number;
  /** There is a model in it. */
  readonly hasModel: boolean;
}

interface Seen {
  readonly fingerprint: string;
  readonly sinceMs: number;
}

/** A finder with its memory. It throws a Fault when the model's place cannot be read. */
export function versionFinder(clock: Clock): VersionFinder {
  const seen = new Map<string, Seen>();
  const isSettled = ({ path, fingerprint, changedMs }: Candidate): boolean => {
    const age = clock.now() - changedMs;
    if (age >= settleMs) return true;
    // The clock of the volume may be wrong: then it counts how long we have seen it so.
    const before = seen.get(path);
    const now = { fingerprint, sinceMs: clock.monotonic() };
    if (before?.fingerprint !== fingerprint) seen.set(path, now);
    return before?.fingerprint === fingerprint && now.sinceMs - before.sinceMs >= settleMs;
  };
  return async (configuration, isWritten = false) => {
    const candidates = await candidatesOf(configuration);
    const models = candidates.filter(({ hasModel }) => hasModel);
    const complete = models.filter((candidate) => isWritten || isSettled(candidate));
    for (const { path } of complete) seen.delete(path);
    return {
      complete: complete.map(({ number, path, volume, fingerprint }) => ({ number, path, volume, fingerprint })),
      unfinished: candidates.filter((candidate) => !complete.includes(candidate)).map(({ number }) => number),
      isSettling: complete.length < models.length,
    };
  };
}

/** Folders whose names are numbers, zeros in front or not, are versions of a model that has no file of its own beside them. */
async function candidatesOf(configuration: ModelConfiguration): Promise<readonly Candidate[]> {
  const path = resolve(configuration.basePath);
  const entries = await entriesOf(path);
  if (entries === undefined || holdsModel(entries) || !entries.some(isVersionName)) {
    return [await soleCandidate(configuration, path, entries !== undefined)];
  }
  const volume = resolve(configuration.volume ?? path);
  const root = await fromDisk(volume, realpath(volume));
  const found = await Promise.all(
    entries.filter(isVersionName).map(async (name) => {
      const files = await versionFiles(join(path, name), root);
      return { number: Number(name), path: join(path, name), volume, ...marks(configuration, files) };
    }),
  );
  return withoutDoubles(found);
}

/** The entries of a folder; `undefined` for a file, or for what is not there: loading it tells why. */
async function entriesOf(path: string): Promise<readonly string[] | undefined> {
  const facts = await stat(path).catch(() => undefined);
  return facts?.isDirectory() === true ? await fromDisk(path, readdir(path)) : undefined;
}

async function soleCandidate(configuration: ModelConfiguration, path: string, isFolder: boolean): Promise<Candidate> {
  const { soleVersion: number, isFixed } = configuration;
  const volume = resolve(configuration.volume ?? dirname(path));
  const candidate = { number, path, volume, fingerprint: "", changedMs: 0, hasModel: true };
  if (isFixed) return candidate;
  const root = await fromDisk(volume, realpath(volume));
  const files = isFolder ? await versionFiles(path, root) : [await fileAt(path)];
  return { ...candidate, ...marks(configuration, files) };
}

async function fileAt(path: string): Promise<FolderFile> {
  const { size, mtimeMs, ctimeMs } = await fromDisk(path, stat(path));
  return { name: "", path, sizeBytes: size, modifiedMs: mtimeMs, changedMs: ctimeMs };
}

/** The files of a version; `undefined` while there is no model among them. What is wrong with them shows when they load. */
async function versionFiles(path: string, root: string): Promise<readonly FolderFile[] | undefined> {
  try {
    const files = await folderFiles(path, root);
    return holdsModel(files.map(({ name }) => name).filter((name) => !name.includes("/"))) ? files : undefined;
  } catch (thrown) {
    const { code, message } = Fault.from(thrown);
    if (code === "ModelNotFound") return undefined;
    return [{ name: message, path, sizeBytes: 0, modifiedMs: 0, changedMs: 0 }];
  }
}

function marks(
  { triton }: ModelConfiguration,
  files: readonly FolderFile[] | undefined,
): Pick<Candidate, "fingerprint" | "changedMs" | "hasModel"> {
  if (files === undefined) return { fingerprint: "", changedMs: 0, hasModel: false };
  const hash = createHash("sha256");
  for (const { name, sizeBytes, modifiedMs } of files) hash.update(`${name}\n${sizeBytes}\n${modifiedMs}\n`);
  hash.update(triton?.tag ?? "");
  const changedMs = Math.max(0, ...files.map((file) => file.changedMs));
  return { fingerprint: hash.digest("hex"), changedMs, hasModel: true };
}

function isVersionName(name: string): boolean {
  return /^\d+$/.test(name) && Number.isSafeInteger(Number(name));
}

/** Of `1` and `00000001` the one with the shorter name is meant. */
function withoutDoubles(candidates: readonly Candidate[]): readonly Candidate[] {
  const byNumber = new Map<number, Candidate>();
  for (const candidate of candidates.toSorted((a, b) => b.path.length - a.path.length)) {
    byNumber.set(candidate.number, candidate);
  }
  return [...byNumber.values()].sort((a, b) => a.number - b.number);
}

/**
 * Whether there is something to load for each of the models that a client asks for in place of what serves. Rejects with
 * `ConfiguredModelMissing`: a slip of the pen in one path must not end the models that serve.
 */
export async function checkConfigured(models: readonly ModelConfiguration[], find: VersionFinder): Promise<void> {
  for (const model of models) await checkModel(model, find);
}

async function checkModel(model: ModelConfiguration, find: VersionFinder): Promise<void> {
  const { name, basePath, policy } = model;
  const missing = (what: string, thrown?: unknown): Fault =>
    repositoryFaults.ConfiguredModelMissing({ name, basePath, what }, thrown);
  if (basePath === "") throw missing("Could not find");
  const found = await find(model, true).catch((thrown: unknown) => {
    const fault = Fault.from(thrown);
    throw fault.code === "ModelNotFound" ? missing("Could not find", fault) : fault;
  });
  const numbers = found.complete.map(({ number }) => number);
  if (pickedVersions(policy, numbers).length > 0) return;
  const wanted = policy.kind === "specific" ? `None of the versions ${policy.numbers.join(", ")}` : "No versions";
  throw missing(`${wanted} found under`);
}
