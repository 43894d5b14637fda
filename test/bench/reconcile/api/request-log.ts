import { type ApiRequest } from "./connection.ts";
import { targetOf } from "./requests.ts";

/** The requests of one client since the last reset. */
export interface RequestCounts {
  /** Counts by label, such as `PATCH modeldeployments/status`; watches and their initial lists as `WATCH pods`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The operator's reaction to a change. */
export interface Outcome {
  /** Time from the change to the response of the last write of a child before the status write. */
  readonly lastChildMs: number;
  /** Time from the change to the write of its status. */
  readonly statusMs: number;
  /** Writes up to that one, without events. */
  readonly writes: readonly string[];
}

/** Records answered requests. */
export interface RequestLog {
  record(request: ApiRequest): void;
  requestCounts(agent: string): RequestCounts;
  reset(): void;
  /** Waits until the status of this many objects was written since the last reset; resolves with the time since `sinceMs`. */
  untilStatuses(count: number, sinceMs: number): Promise<number>;
  /** Resolves with the reaction to a change of this ModelDeployment that is made now. */
  outcome(key: string): Promise<Outcome>;
  /** Waits until nothing was written for this long. */
  untilQuiet(quietMs: number): Promise<void>;
}

interface Expectation {
  readonly begunMs: number;
  lastChildMs: number;
  readonly writes: string[];
  readonly resolve: (outcome: Outcome) => void;
}

/** Creates an empty log. */
export function createRequestLog(): RequestLog {
  const counts = new Map<string, Record<string, number>>();
  const reported = new Set<string>();
  const expected = new Map<string, Expectation>();
  let awaited = { count: Number.POSITIVE_INFINITY, resolve: (): void => {} };
  let lastWriteMs = performance.now();
  const count = (agent: string, label: string): void => {
    const ofAgent = counts.get(agent) ?? {};
    counts.set(agent, ofAgent);
    ofAgent[label] = (ofAgent[label] ?? 0) + 1;
  };
  const statusWritten = (key: string): void => {
    reported.add(key);
    if (reported.size >= awaited.count) awaited.resolve();
    const expectation = expected.get(key);
    // The first status write may come before any child, with the number of a new revision.
    if (expectation === undefined || expectation.lastChildMs === expectation.begunMs) return;
    expected.delete(key);
    const { begunMs, lastChildMs, writes, resolve } = expectation;
    resolve({ lastChildMs: lastChildMs - begunMs, statusMs: performance.now() - begunMs, writes });
  };
  return {
    record(request) {
      const { method, path, agent, body } = request;
      const { plural, namespace, name = "", subresource } = targetOf(path);
      const label = labelOf(request);
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
    requestCounts: (agent) => ({ counts: { ...counts.get(agent) } }),
    reset() {
      counts.clear();
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

function labelOf({ method, path, query }: ApiRequest): string {
  const { plural, subresource } = targetOf(path);
  return `${query.has("watch") ? "WATCH" : method} ${[plural, subresource].filter(Boolean).join("/")}`;
}

/** The ModelDeployment of a child: from the label of a new child, else from its name `<ModelDeployment>[-<suffix>]`. */
function ownerName(name: string, body: string): string {
  if (name === "") return /"modelwright\.dev\/model-deployment":"([^"]+)"/.exec(body)?.[1] ?? "";
  return /^model-\d+/.exec(name)?.[0] ?? "";
}
