import { createHash } from "node:crypto";
import { readFile, readdir, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Fault } from "../../base/fault.ts";
import { faults } from "../faults.ts";
import { checkInside, fromDisk } from "../source/folder-files.ts";
import { holdsModel } from "../source/model-file.ts";
import { repositoryFaults } from "./faults.ts";
import type { ModelConfiguration } from "./model-configuration.ts";
import { type TritonModel, tritonConfiguration } from "./triton-configuration.ts";
import { latestOnly } from "./version-policy.ts";

const tritonFile = "config.pbtxt";

/**
 * The models of a folder: every folder in it that holds versions, a model or a `config.pbtxt`, called as the folder is. Throws
 * `RepositoryUnreadable`; what is wrong with one model stands in its `fault`.
 */
export async function repositoryModels(folder: string): Promise<readonly ModelConfiguration[]> {
  const path = resolve(folder);
  const [names, volume] = await readable(path);
  const models = await Promise.all(
    names.sort().map(async (name) => {
      const entries = name.startsWith(".") ? undefined : await modelEntries(join(path, name));
      return entries === undefined ? [] : [await modelOf(name, join(path, name), { volume, entries })];
    }),
  );
  return models.flat();
}

async function readable(path: string): Promise<readonly [string[], string]> {
  try {
    return [await readdir(path), await realpath(path)];
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw repositoryFaults.RepositoryUnreadable({ folder: path, reason }, thrown);
  }
}

/** What lies in a model's folder; `undefined` when it is no folder, or not one of a model. */
async function modelEntries(path: string): Promise<readonly string[] | undefined> {
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory() !== true) return undefined;
  const entries = await readdir(path).catch(() => []);
  const isModel = holdsModel(entries) || entries.some((entry) => entry === tritonFile || /^\d+$/.test(entry));
  return isModel ? entries : undefined;
}

interface ModelPlace {
  readonly volume: string;
  readonly entries: readonly string[];
}

async function modelOf(name: string, path: string, { volume, entries }: ModelPlace): Promise<ModelConfiguration> {
  const model = {
    name,
    basePath: path,
    policy: latestOnly,
    labels: new Map<string, number>(),
    format: "Auto",
  } as const;
  const configuration: ModelConfiguration = { ...model, volume, soleVersion: 1, isFixed: false };
  if (!entries.includes(tritonFile)) return configuration;
  try {
    const { policy, triton } = await tritonModel(name, join(path, tritonFile));
    return { ...configuration, policy, triton };
  } catch (thrown) {
    return { ...configuration, fault: Fault.from(thrown) };
  }
}

async function tritonModel(name: string, file: string): Promise<TritonModel> {
  const text = await readFile(file, "utf8").catch((thrown: unknown) => {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw repositoryFaults.ConfigurationUnreadable({ file, reason }, thrown);
  });
  const model = tritonConfiguration(file, text);
  if (model.name === "" || model.name === name) return await labelled(dirname(file), model);
  const expected = `the name of its folder, "${name}"`;
  throw faults.ModelConfigurationMismatch({ model: name, what: "name", found: model.name, expected });
}

/** Larger files are no names of classes. */
const maxLabelBytes = 16 * 1024 ** 2;

/** The model with the names of its outputs' classes. A file beside the configuration, or below, has one in each line. */
async function labelled(folder: string, model: TritonModel): Promise<TritonModel> {
  const notes = new Map(model.triton.notes);
  const hash = createHash("sha256").update(model.triton.tag);
  for (const [output, name] of model.labelFiles) {
    const text = await labelText(folder, name);
    hash.update(text);
    notes.set(output, { classes: { file: name, names: text.replace(/\r?\n$/, "").split(/\r?\n/) } });
  }
  if (model.labelFiles.size === 0) return model;
  return { ...model, triton: { ...model.triton, notes, tag: hash.digest("hex") } };
}

async function labelText(folder: string, name: string): Promise<string> {
  const file = join(folder, name);
  const real = await fromDisk(file, realpath(file));
  checkInside(file, real, await fromDisk(folder, realpath(folder)));
  const { size } = await fromDisk(real, stat(real));
  const reason = `it has ${size} bytes; at most ${maxLabelBytes} are read`;
  if (size > maxLabelBytes) throw repositoryFaults.ConfigurationUnreadable({ file, reason });
  return await fromDisk(real, readFile(real, "utf8"));
}
