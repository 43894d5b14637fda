import type { ModelState } from "../contract/model-facts.ts";

/** What happens to a model. */
export type ModelEvent =
  /** Its file is found, complete, inside its volume. */
  | "fetched"
  /** Its digest is the one asked for, or none was asked for. */
  | "verified"
  /** It is in an engine's memory. */
  | "loaded"
  /** It has answered a warm-up request. */
  | "warmed"
  /** It shall go: finish what was accepted. */
  | "stopping"
  /** Nothing is left to finish and the memory is free. */
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

/** The state after an event; the same state when the event means nothing there (a second stop, news after the end). */
export function stateAfter(state: ModelState, event: ModelEvent): ModelState {
  return transitions[state][event] ?? state;
}
