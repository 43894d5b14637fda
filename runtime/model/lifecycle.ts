import type { ModelState } from "../contract/model-facts.ts";

/** An event in the life cycle of a model version. */
export type ModelEvent =
  /** The file is there, complete and inside its volume. */
  | "fetched"
  /** The digest matches the expected one, or none is expected. */
  | "verified"
  /** An engine has it in memory. */
  | "loaded"
  /** Warm-up is done. */
  | "warmed"
  /** It must stop: accepted requests are finished. */
  | "stopping"
  /** All accepted requests are answered and the memory is free. */
  | "unloaded"
  | "failed";

const transitions: Readonly<Record<ModelState, Readonly<Partial<Record<ModelEvent, ModelState>>>>> = {
  Fetching: { fetched: "Verifying", stopping: "Unloaded", failed: "Failed" },
  Verifying: { verified: "Loading", stopping: "Unloaded", failed: "Failed" },
  Loading: { loaded: "Warming", stopping: "Unloaded", failed: "Failed" },
  Warming: { warmed: "Ready", stopping: "Unloaded", failed: "Failed" },
  Ready: { stopping: "Draining", failed: "Failed" },
  Draining: { unloaded: "Unloaded", failed: "Failed" },
  Unloaded: {},
  Failed: {},
};

/** The state after an event; unchanged when the event does not apply there (a second stop, an event after the end). */
export function stateAfter(state: ModelState, event: ModelEvent): ModelState {
  return transitions[state][event] ?? state;
}
