import type { ObservedRevision } from "../../snapshot.ts";
import type { Action } from "../action.ts";

/** The change of a revision's replicas; none when they are as declared. */
export function scaled({ replicaSet: object }: ObservedRevision, to: number, why: string): readonly Action[] {
  if (object.replicas === to) return [];
  return [{ kind: "scale", target: `ReplicaSet ${object.name}`, object, from: object.replicas, to, why }];
}
