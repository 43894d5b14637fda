import type { ModelState } from "../../contract/model-facts.ts";
import type { Models, VersionReport } from "../protocol.ts";
import { faults } from "./faults.ts";
import type { PathModel } from "./routes.ts";

/** TensorFlow Serving's names for the states of a version (get_model_status.proto). */
const wireStates = {
  Fetching: "START",
  Verifying: "START",
  Loading: "LOADING",
  Warming: "LOADING",
  Ready: "AVAILABLE",
  Draining: "UNLOADING",
  Unloaded: "END",
  Failed: "END",
} as const satisfies Readonly<Record<ModelState, string>>;

/** The status of a version, in TensorFlow Serving's terms. */
export interface VersionStatus {
  readonly version: number;
  readonly state: (typeof wireStates)[ModelState];
  readonly code: "OK" | "NOT_FOUND" | "INTERNAL";
  readonly message: string;
}

/**
 * Statuses of the requested versions, newest first. Ignores a label, as TensorFlow Serving does. Throws `NoVersions` or
 * `NoSuchVersion`.
 */
export function versionStatuses(models: Models, { name, version }: PathModel): readonly VersionStatus[] {
  const known = models.versions(name);
  if (known.length === 0) throw faults.NoVersions({ name });
  const asked = version === undefined ? known : known.filter((report) => String(report.version) === version);
  if (version !== undefined && asked.length === 0) throw faults.NoSuchVersion({ name, version });
  return asked.toReversed().map(versionStatus);
}

/** The body of a status response. Throws `NoVersions` or `NoSuchVersion`. */
export function statusBody(models: Models, model: PathModel): string {
  const statuses = versionStatuses(models, model);
  const status = {
    model_version_status: statuses.map(({ version, state, code, message }) => ({
      version: String(version),
      state,
      status: { error_code: code, error_message: message },
    })),
  };
  return JSON.stringify(
    model.version === undefined ? { ...status, ...kserveKeys(model, statuses) } : status,
    undefined,
    1,
  );
}

/** KServe's version 1 uses the same path; its client reads `ready` and ignores other keys. */
function kserveKeys({ name }: PathModel, statuses: readonly VersionStatus[]): object {
  return { name, ready: statuses.some(({ state }) => state === "AVAILABLE") };
}

function versionStatus({ version, state: modelState, fault }: VersionReport): VersionStatus {
  const state = wireStates[modelState];
  if (fault === undefined) return { version, state, code: "OK", message: "" };
  return { version, state, code: fault.code === "ModelNotFound" ? "NOT_FOUND" : "INTERNAL", message: fault.message };
}
