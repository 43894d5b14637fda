import type { ModelState } from "../../contract/model-facts.ts";
import type { Models, VersionReport } from "../protocol.ts";
import { faults } from "./faults.ts";
import type { PathModel } from "./routes.ts";

/** TensorFlow Serving's names for the states of a version (get_model_status.proto). */
const wireStates: Readonly<Record<ModelState, string>> = {
  Fetching: "START",
  Verifying: "START",
  Loading: "LOADING",
  Warming: "LOADING",
  Ready: "AVAILABLE",
  Draining: "UNLOADING",
  Unloaded: "END",
  Failed: "END",
};

/** The body of a status answer. Throws `NoVersions` or `NoSuchVersion`. A label is not looked at, as there. */
export function statusBody(models: Models, { name, version }: PathModel): string {
  const known = models.versions(name);
  if (known.length === 0) throw faults.NoVersions({ name });
  const asked = version === undefined ? known : known.filter((report) => String(report.version) === version);
  if (version !== undefined && asked.length === 0) throw faults.NoSuchVersion({ name, version });
  const status = { model_version_status: asked.toReversed().map(versionStatus) };
  return JSON.stringify(version === undefined ? { ...status, ...kserveKeys(name, asked) } : status, undefined, 1);
}

/** KServe's version 1 has the same path: its client looks for `ready` and passes over what else is there. */
function kserveKeys(name: string, reports: readonly VersionReport[]): object {
  return { name, ready: reports.some(({ state }) => state === "Ready") };
}

function versionStatus({ version, state, fault }: VersionReport): object {
  const status =
    fault === undefined
      ? { error_code: "OK", error_message: "" }
      : { error_code: fault.code === "ModelNotFound" ? "NOT_FOUND" : "INTERNAL", error_message: fault.message };
  return { version: String(version), state: wireStates[state], status };
}
