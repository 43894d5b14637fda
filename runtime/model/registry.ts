import type { FaultRecord } from "../base/fault.ts";
import type { ModelState } from "../contract/model-facts.ts";
import type { InferTarget, ModelReference } from "../dataplane/infer.ts";
import type { Models, VersionReport } from "../protocols/protocol.ts";
import { type ModelEvent, stateAfter } from "./lifecycle.ts";

/** One version of a model through its whole life. */
export interface RegisteredVersion {
  readonly state: ModelState;
  /** Moves the life cycle on; with `loaded` the version brings what answers requests, with `failed` the reason. */
  happen(event: Exclude<ModelEvent, "loaded" | "failed">): void;
  load(target: InferTarget): void;
  fail(fault: FaultRecord): void;
}

interface Entry {
  readonly version: number;
  readonly labels: readonly string[];
  state: ModelState;
  target: InferTarget | undefined;
  fault: FaultRecord | undefined;
}

/** The models of this process and what state each version is in. */
export interface ModelRegistry extends Models {
  add(name: string, version: number, labels?: readonly string[]): RegisteredVersion;
}

/** An empty registry; `onChange` hears of every change of state. */
export function modelRegistry(onChange?: (name: string, version: number, state: ModelState) => void): ModelRegistry {
  const byName = new Map<string, Entry[]>();
  const entries = (name: string): readonly Entry[] => byName.get(name) ?? [];
  return {
    add: (name, version, labels = []) => {
      const entry: Entry = { version, labels, state: "Fetching", target: undefined, fault: undefined };
      byName.set(
        name,
        [...entries(name), entry].sort((a, b) => a.version - b.version),
      );
      onChange?.(name, version, entry.state);
      return registered(entry, (state) => onChange?.(name, version, state));
    },
    names: () => [...byName.keys()],
    find: (reference) => answering(entries(reference.name), reference)?.target,
    hasLabel: (name, label) => entries(name).some((entry) => entry.labels.includes(label)),
    versions: (name) => entries(name).map(reportOf),
  };
}

function registered(entry: Entry, changed: (state: ModelState) => void): RegisteredVersion {
  const move = (event: ModelEvent): void => {
    const next = stateAfter(entry.state, event);
    if (next === entry.state) return;
    entry.state = next;
    changed(next);
  };
  return {
    get state() {
      return entry.state;
    },
    happen: move,
    load: (target) => {
      entry.target = target;
      move("loaded");
    },
    fail: (fault) => {
      entry.fault = fault;
      move("failed");
    },
  };
}

/** A draining version still answers: its requests were on their way when it was told to go. */
function answering(versions: readonly Entry[], { version, label }: ModelReference): Entry | undefined {
  return versions.findLast(
    (entry) =>
      (entry.state === "Ready" || entry.state === "Draining") &&
      (version === undefined || entry.version === version) &&
      (label === undefined || entry.labels.includes(label)),
  );
}

function reportOf({ version, state, fault }: Entry): VersionReport {
  return { version, state, ...(fault === undefined ? {} : { fault }) };
}
