import type { ObservedRevision } from "../../snapshot.ts";
import type { Action } from "../action.ts";

/** Scales a revision's ReplicaSet; empty when it has that many replicas already. */
export function scaleActions({ replicaSet: object }: ObservedRevision, to: number, why: string): readonly Action[] {
  if (object.replicas === to) return [];
  return [{ kind: "scale", target: `ReplicaSet ${object.name}`, object, from: object.replicas, to, why }];
}
