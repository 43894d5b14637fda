import { type Asked } from "./connection.ts";
import { targetOf } from "./requests.ts";

/** What one client asked for since the ledger was emptied. */
export interface Account {
  /** By `PATCH modeldeployments/status`; watches and their first lists as `WATCH pods`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** When a change that was made here led to what. */
export interface Outcome {
  /** From the change to the answer to the last write of a child before status tells of it. */
  readonly lastChildMs: number;
  /** From the change to the write of status that tells of it. */
  readonly statusMs: number;
  /** Writes, events left out, up to that write. */
  readonly writes: readonly string[];
}

/** Notes requests as they are answered. */
export interface Ledger {
  note(asked: Asked): void;
  account(agent: string): Account;
  empty(): void;
  /** Resolves when the status of this many objects was written since the ledger was emptied; milliseconds since `sinceMs`. */
  untilStatuses(count: number, sinceMs: number): Promise<number>;
  /** What follows a change of this ModelDeployment that is made at this moment. */
  outcome(key: string): Promise<Outcome>;
  /** Resolves when nothing was written for this long. */
  untilQuiet(quietMs: number): Promise<void>;
}

interface Expectation {
  readonly begunMs: number;
  lastChildMs: number;
  readonly writes: string[];
  readonly resolve: (outcome: Outcome) => void;
}

export function createLedger(): Ledger {
  const accounts = new Map<string, Record<string, number>>();
  const reported = new Set<string>();
  const expected = new Map<string, Expectation>();
  let awaited = { count: Number.POSITIVE_INFINITY, resolve: (): void => {} };
  let lastWriteMs = performance.now();
  const count = (agent: string, label: string): void => {
    const account = accounts.get(agent) ?? {};
    accounts.set(agent, account);
    account[label] = (account[label] ?? 0) + 1;
  };
  const statusWritten = (key: string): void => {
    reported.add(key);
    if (reported.size >= awaited.count) awaited.resolve();
    const expectation = expected.get(key);
    // A new revision's number stands in status before anything is made of it.
    if (expectation === undefined || expectation.lastChildMs === expectation.begunMs) return;
    expected.delete(key);
    const { begunMs, lastChildMs, writes, resolve } = expectation;
    resolve({ lastChildMs: lastChildMs - begunMs, statusMs: performance.now() - begunMs, writes });
  };
  return {
    note(asked) {
      const { method, path, agent, body } = asked;
      const { plural, namespace, name = "", subresource } = targetOf(path);
      const label = labelOf(asked);
      count(agent, label);
      if (method === "GET" || plural === "leases") return;
      lastWriteMs = performance.now();
      if (plural === "events") return;
      if (subresource === "status") {
        expected.get(`${namespace}/${name}`)?.writes.push(label);
        statusWritten(`${namespace}/${name}`);
      } else if (expected.size > 0) {
        const expectation = expected.get(`${namespace}/${ownerName(name, body)}`);
        if (expectation === undefined) return;
        expectation.writes.push(label);
        expectation.lastChildMs = lastWriteMs;
      }
    },
    account: (agent) => ({ counts: { ...accounts.get(agent) } }),
    empty() {
      accounts.clear();
      reported.clear();
    },
    async untilStatuses(count, sinceMs) {
      if (reported.size < count) await new Promise<void>((resolve) => (awaited = { count, resolve }));
      awaited = { count: Number.POSITIVE_INFINITY, resolve: () => {} };
      return performance.now() - sinceMs;
    },
    outcome: (key) =>
      new Promise((resolve) => {
        const begunMs = performance.now();
        expected.set(key, { begunMs, lastChildMs: begunMs, writes: [], resolve });
      }),
    async untilQuiet(quietMs) {
      while (performance.now() - lastWriteMs < quietMs) {
        await new Promise((resolve) => setTimeout(resolve, quietMs / 4));
      }
    },
  };
}

function labelOf({ method, path, query }: Asked): string {
  const { plural, subresource } = targetOf(path);
  return `${query.has("watch") ? "WATCH" : method} ${[plural, subresource].filter(Boolean).join("/")}`;
}

/** Children are named `<ModelDeployment>` or `<ModelDeployment>-<suffix>`; a new one says so in its label. */
function ownerName(name: string, body: string): string {
  if (name === "") return /"modelwright\.dev\/model-deployment":"([^"]+)"/.exec(body)?.[1] ?? "";
  return /^model-\d+/.exec(name)?.[0] ?? "";
}
