import { type ModelFacts, type ModelState, modelStates } from "../contract/model-facts.ts";
import { signatureOf } from "../dataplane/infer.ts";
import type { Models } from "../protocols/protocol.ts";
import type { ReadyModel } from "./bring-up.ts";
import { signatureText } from "./signature-text.ts";

/** The state of a whole process: of what is on its way the one that is furthest back. */
export function overallState(models: Models): ModelState {
  if (models.isReady()) return "Ready";
  const states = models.names().flatMap((name) => models.versions(name).map(({ state }) => state));
  return modelStates.find((state) => state !== "Ready" && states.includes(state)) ?? "Fetching";
}

/** What is told of one version of a model; of one that is not loaded as much as is known. */
export function versionFacts(
  { name, version, state }: Pick<ModelFacts, "name" | "version" | "state">,
  ready: ReadyModel | undefined,
): ModelFacts {
  const note = ready?.served.loaded.note;
  return {
    name,
    version,
    state,
    format: ready?.format ?? "",
    engine: ready?.served.loaded.engine ?? "",
    ...(note === undefined ? {} : { note }),
    digest: ready?.digest ?? "",
    bytes: ready?.sizeBytes ?? 0,
    signature: ready === undefined ? "" : signatureText(signatureOf(ready.served)),
  };
}
