import { Fault } from "../../base/fault.ts";
import { repositoryFaults } from "./faults.ts";
import type { VersionFinder } from "./found-versions.ts";
import type { ModelConfiguration } from "./model-configuration.ts";
import { pickedVersions } from "./version-policy.ts";

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
