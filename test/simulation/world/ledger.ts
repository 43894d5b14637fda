import type { KubeRequest } from "../../../operator/kube/transport.ts";
import type { EventTrouble, MomentTrouble, RequestTrouble } from "../schedule/schedule.ts";

/** Who wrote what: kept by the transports, read by the oracle. */
export interface Ledger {
  /** Whose request the server answers at this moment; undefined: anybody but an operator. */
  actor: string | undefined;
  /** It is a request that the operator has given up long ago. */
  isLate: boolean;
  /** Successful writes of operators, events and leases left out, as `create ReplicaSet shop-1a2b`; in order. */
  readonly writes: string[];
  /** Who made each of `writes`, and when. */
  readonly writers: { readonly name: string; readonly atMs: number }[];
  /** Writes, among `writes`, that say nothing but how a candidate was judged again. */
  judgements: number;
  /** Whole states that operators asked for, by their names. */
  readonly lists: string[];
  /** Requests of operators in this phase: what faults are counted by. */
  requests: number;
  /** Events told to operators in this phase. */
  events: number;
  /** Requests of operators to take something away, or to scale it down. */
  removals: number;
  /** UIDs of objects of which an event was lost: operators may know nothing of them. */
  readonly unseen: Set<string>;
  /** Faults that have happened. */
  readonly hits: Hits;
  /** Hears of each fault when it happens. */
  onHit: (trouble: keyof Hits) => void;
}

/** How often what happened, by the names of faults. */
export type Hits = Partial<Record<RequestTrouble | EventTrouble | MomentTrouble, number>>;

export function count(hits: Hits, trouble: keyof Hits, times = 1): void {
  hits[trouble] = (hits[trouble] ?? 0) + times;
}

export function createLedger(): Ledger {
  return {
    actor: undefined,
    isLate: false,
    writes: [],
    writers: [],
    judgements: 0,
    lists: [],
    unseen: new Set(),
    requests: 0,
    events: 0,
    removals: 0,
    hits: {},
    onHit: () => {},
  };
}

/** The parts of a request's path that say what it is about. */
export interface Subject {
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

/** Of the last path: it is asked for several times of each request. */
let last: { readonly path: string; readonly subject: Subject } = { path: "", subject: subjectIn("") };

export function subjectOf({ path }: Pick<KubeRequest, "path">): Subject {
  if (last.path !== path) last = { path, subject: subjectIn(path) };
  return last.subject;
}

function subjectIn(path: string): Subject {
  const [bare = ""] = path.split("?", 1);
  const parts = bare.split("/").slice(bare.startsWith("/api/") ? 3 : 4);
  const isNamespaced = parts[0] === "namespaces" && parts.length > 2;
  const [plural = "", name, subresource] = isNamespaced ? parts.slice(2) : parts;
  return { plural, namespace: isNamespaced ? parts[1] : undefined, name, subresource };
}
