import type { RequestCounts, Outcome } from "./request-log.ts";

/** The commands of the benchmark to the API-server process, over the channel between the two. */
export interface Commands {
  /** Creates ModelDeployments `model-<from>` to `model-<to - 1>` without waiting for their status. */
  readonly create: (from: number, to: number) => Promise<void>;
  /** Waits until the status of this many was written since `resetCounts`; resolves with the time since the last `create` began. */
  readonly untilStatuses: (count: number) => Promise<number>;
  /** Merges a patch into a ModelDeployment; resolves with the operator's reaction. */
  readonly change: (name: string, patch: object) => Promise<Outcome>;
  /** Changes an annotation of the gateway's pod, which makes the operator reconcile everything. */
  readonly touchGateway: () => Promise<void>;
  /** From now on ReplicaSets get pods. */
  readonly startPods: () => Promise<void>;
  readonly untilQuiet: (quietMs: number) => Promise<void>;
  readonly requestCounts: (agent: string) => Promise<RequestCounts>;
  readonly resetCounts: () => Promise<void>;
  /** Number of ModelDeployments that are Ready. */
  readonly countReady: () => Promise<number>;
}

/** A command in flight. */
export interface Call {
  readonly id: number;
  readonly command: keyof Commands;
  readonly args: readonly never[];
}

/** The result of the call with this id; with id 0 the port. */
export interface Result {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}
