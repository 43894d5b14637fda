import type { Account, Outcome } from "./ledger.ts";

/** What the bench asks of the API-server process, over the channel between the two. */
export interface Commands {
  /** Makes ModelDeployments `model-<from>` up to `model-<to - 1>` as fast as their status is not waited for. */
  readonly create: (from: number, to: number) => Promise<void>;
  /** Until the status of this many was written since `forget`; milliseconds since the last `create` began. */
  readonly untilStatuses: (count: number) => Promise<number>;
  /** Merges a patch into an object, and tells what follows. */
  readonly change: (name: string, patch: object) => Promise<Outcome>;
  /** Changes a label of the gateway's pod: everything is looked at again. */
  readonly touchGateway: () => Promise<void>;
  /** From here on ReplicaSets get pods. */
  readonly play: () => Promise<void>;
  readonly untilQuiet: (quietMs: number) => Promise<void>;
  readonly account: (agent: string) => Promise<Account>;
  readonly forget: () => Promise<void>;
  /** How many ModelDeployments are Ready. */
  readonly ready: () => Promise<number>;
}

export interface Call {
  readonly id: number;
  readonly command: keyof Commands;
  readonly args: readonly never[];
}

export interface Result {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}
