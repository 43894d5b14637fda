import type { InferTarget, ModelReference } from "../../../dataplane/infer.ts";
import { type Models, loadingState } from "../../protocol.ts";
import { faults } from "../faults.ts";

/** A reference from a request's model name and version; an empty version means the default one. Throws `VersionNotNumber`. */
export function modelReference(name: string, version: string | undefined): ModelReference {
  if (version === undefined || version === "") return { name };
  const number = /^\d+$/.test(version) ? Number(version) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw faults.VersionNotNumber({ version });
  return { name, version: number };
}

/** Whether the referenced model is ready. */
export function isReady(models: Models, { name, version }: ModelReference): boolean {
  return models
    .versions(name)
    .some((report) => report.state === "Ready" && (version === undefined || report.version === version));
}

/** Throws `ModelNotServed` or `VersionNotServed` for an unknown model. */
export function checkKnown(models: Models, { name, version }: ModelReference): void {
  const known = models.versions(name).map((report) => report.version);
  if (known.length === 0) throw faults.ModelNotServed({ name });
  if (version !== undefined && !known.includes(version)) {
    throw faults.VersionNotServed({ name, version: String(version), known });
  }
}

/** The referenced model, which must be ready. Throws `ModelLoading`, `ModelNotServed`, `VersionNotServed` or `ModelNotReady`. */
export function readyModel(models: Models, reference: ModelReference): InferTarget {
  const target = models.find(reference);
  if (target !== undefined) return target;
  const { name, version } = reference;
  const state = loadingState(models, reference);
  if (state !== undefined) throw faults.ModelLoading({ name, state });
  checkKnown(models, reference);
  const report = models.versions(name).findLast((report) => version === undefined || report.version === version);
  throw faults.ModelNotReady({ name, state: report?.state ?? "Unloaded", reason: report?.fault?.message });
}
