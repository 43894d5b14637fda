import type { KubeRequest } from "../../../operator/kube/transport.ts";

/** Who wrote what: kept by the transports, read by the oracle. */
export interface Ledger {
  /** Whose request the server answers at this moment; undefined: anybody but an operator. */
  actor: string | undefined;
  /** Successful writes of operators, events and leases left out, as `create ReplicaSet shop-1a2b`; in order. */
  readonly writes: string[];
  /** Who made each of `writes`, and when. */
  readonly writers: { readonly name: string; readonly atMs: number }[];
  /** Whole states that operators asked for, by their names. */
  readonly lists: string[];
  /** Requests of operators in this phase: what faults are counted by. */
  requests: number;
  /** Events told to operators in this phase. */
  events: number;
  /** Faults that have happened. */
  hits: number;
}

export function createLedger(): Ledger {
  return { actor: undefined, writes: [], writers: [], lists: [], requests: 0, events: 0, hits: 0 };
}

/** The parts of a request's path that say what it is about. */
export interface Subject {
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

export function subjectOf({ path }: Pick<KubeRequest, "path">): Subject {
  const [bare = ""] = path.split("?");
  const parts = bare.split("/").slice(bare.startsWith("/api/") ? 3 : 4);
  const isNamespaced = parts[0] === "namespaces" && parts.length > 2;
  const [plural = "", name, subresource] = isNamespaced ? parts.slice(2) : parts;
  return { plural, namespace: isNamespaced ? parts[1] : undefined, name, subresource };
}
