import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { errorText } from "../base/fault.ts";
import type { VersionPolicy } from "../protocols/protocol.ts";
import type { ModelFormat } from "./formats/load-model.ts";
import { repositoryFaults } from "./repository/faults.ts";
import type { ModelConfiguration } from "./repository/model-configuration.ts";
import type { ModelSource } from "./repository/repository.ts";

/** One model: a file, a folder that is a model, or a folder of numbered versions. */
export interface ModelAtPath {
  readonly kind: "path";
  readonly path: string;
  /** Model name on the wire. */
  readonly name: string;
  /** Version on the wire of a model that is not in a numbered folder. */
  readonly version: number;
  /** Which of the numbered versions are served. */
  readonly policy: VersionPolicy;
  /** Root that must contain the model; absent: the parent folder of the path. */
  readonly volume?: string;
  readonly format: ModelFormat;
  readonly digest?: string;
}

/** Which models are served: one path, a repository, or a configuration file. */
export type ServedModels =
  | ModelAtPath
  /** A folder of models, each with numbered versions. */
  | { readonly kind: "repository"; readonly folder: string }
  /** A file with TensorFlow Serving's model configuration. */
  | { readonly kind: "configuration"; readonly file: string };

/** The source that lists these models. The code of configuration readers is loaded only when it is needed. */
export function modelSource(models: ServedModels): ModelSource {
  switch (models.kind) {
    case "path": {
      const configured = [configurationOf(models)];
      return { models: () => Promise.resolve(configured) };
    }
    case "repository":
      return {
        folder: models.folder,
        models: async () => (await import("./repository/repository-models.ts")).repositoryModels(models.folder),
      };
    case "configuration":
      return { folder: dirname(resolve(models.file)), models: configurationFile(models.file) };
  }
}

function configurationOf({ path, version, ...model }: ModelAtPath): ModelConfiguration {
  const { name, policy, volume, format, digest } = model;
  return {
    name,
    policy,
    format,
    basePath: path,
    labels: new Map(),
    soleVersion: version,
    isFixed: true,
    ...(volume === undefined ? {} : { volume }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Reads the file on every call and parses it only when it has changed. */
function configurationFile(file: string): () => Promise<readonly ModelConfiguration[]> {
  let last: { readonly text: string; readonly models: readonly ModelConfiguration[] } | undefined;
  return async () => {
    const text = await readFile(file, "utf8").catch((thrown: unknown) => {
      const reason = errorText(thrown);
      throw repositoryFaults.ConfigurationUnreadable({ file, reason }, thrown);
    });
    if (last?.text === text) return last.models;
    const { tensorflowServingConfiguration } = await import("./repository/tensorflow-serving-configuration.ts");
    last = { text, models: tensorflowServingConfiguration(file, text) };
    return last.models;
  };
}
