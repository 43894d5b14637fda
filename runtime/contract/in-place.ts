/**
 * In-place updates: a pod that runs the only replica loads the next revision's model beside its own and then serves it, so that the
 * device never changes hands. The operator writes both the pod's label and its annotation; the kubelet shows them to the container
 * as files (downward API), so that a restarted container finds the same.
 */

/** Files in the folder that {@link import("./environment.ts").environment.inPlaceFolder} names. */
export const inPlaceFiles = {
  /** Value of the pod's label with the revision: the revision whose model is served. */
  revision: "revision",
  /** JSON list of {@link InPlaceModel}: what is served and what is loaded beside it. Empty for a pod that was never updated in place. */
  models: "models",
} as const;

/** A revision's model, as far as the pods of other revisions with the same in-place key do not know it. */
export interface InPlaceModel {
  /** Hash of the revision. */
  readonly revision: string;
  /** Version on the wire: a positive integer. */
  readonly version: string;
  /** Path of the model file or folder, relative to the root of the volume it is in; empty for the root. */
  readonly path: string;
  /** `spec.model.format`. */
  readonly format: string;
  /** `sha256:…`, checked before loading. */
  readonly digest?: string;
  /** Environment of the program `fetch`, without the model's path; absent for a model that lies on the pod's volume. */
  readonly fetch?: Readonly<Record<string, string>>;
}

/** State of the models of a pod that may be updated in place, in the facts at `/model`. */
export interface InPlaceFacts {
  /** Revision whose model answers requests; until the first one is ready, the one that will. */
  readonly serving: string;
  /** Revisions whose models are loaded and warmed up, the serving one included. */
  readonly loaded: readonly string[];
  /** A listed revision, or the label's, that cannot be served. */
  readonly failed?: {
    readonly revision: string;
    /** Name of the fault, as `DigestMismatch`; `InsufficientMemory` when both models do not fit beside each other. */
    readonly reason: string;
    readonly message: string;
  };
}
