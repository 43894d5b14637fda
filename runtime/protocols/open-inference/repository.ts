import type { ModelState } from "../../contract/model-facts.ts";
import { parseWholeJson } from "../json/parse-json.ts";
import type { Models } from "../protocol.ts";
import { fieldsOf, flagAt } from "./fields.ts";

/** Triton's names for the states of a version. */
const wireStates: Readonly<Record<ModelState, string>> = {
  Fetching: "LOADING",
  Verifying: "LOADING",
  Loading: "LOADING",
  Warming: "LOADING",
  Ready: "READY",
  Draining: "UNLOADING",
  Unloaded: "UNAVAILABLE",
  Failed: "UNAVAILABLE",
};

/** The body of `POST /v2/repository/index`: every version, or with `{"ready": true}` the ready ones. */
export function repositoryIndex(models: Models, body: Buffer): readonly object[] {
  const onlyReady = body.length > 0 && flagAt(fieldsOf(parseWholeJson(body), ""), "ready") === true;
  return models.names().flatMap((name) =>
    models
      .versions(name)
      .filter(({ state }) => !onlyReady || state === "Ready")
      .map(({ version, state, fault }) => ({
        name,
        version: String(version),
        state: wireStates[state],
        reason: fault?.message ?? "",
      })),
  );
}
