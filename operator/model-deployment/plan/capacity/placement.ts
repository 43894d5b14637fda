import type { PodTemplate } from "../../../kube/kinds.ts";

/** Resources by name, as quantities. */
export type Amounts = Readonly<Record<string, string>>;

/** One requirement on a node: a label, an operator, values. */
export interface Requirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

/** What decides on which node a pod may be, and what it takes there. */
export interface Placement {
  /** Of all containers that run at the same time. */
  readonly requests: Amounts;
  /** Alternatives, each a list of requirements; empty: any node. Node selectors are in each of them. */
  readonly nodes: readonly (readonly Requirement[])[];
  readonly tolerations: readonly object[];
  /** What it requires of the pods on its node. */
  readonly neighbours: object | undefined;
}

interface Affinity {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly Term[] };
  };
  readonly podAffinity?: Neighbours;
  readonly podAntiAffinity?: Neighbours;
}

interface Term {
  readonly matchExpressions?: readonly Requirement[];
  readonly matchFields?: readonly Requirement[];
}

interface Neighbours {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly object[];
}

/** Reads the placement of a revision's pods from their template. One container serves; one before it takes no more. */
export function placement({ spec }: PodTemplate): Placement {
  const { nodeAffinity, podAffinity, podAntiAffinity }: Affinity = spec.affinity ?? {};
  const selected = Object.entries(spec.nodeSelector ?? {}).map(([key, value]) => selection(key, value));
  const terms = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  const required = [podAffinity, podAntiAffinity].map((each) => each?.requiredDuringSchedulingIgnoredDuringExecution);
  return {
    requests: spec.containers[0]?.resources?.requests ?? {},
    nodes: terms.map(({ matchExpressions = [], matchFields = [] }) => [
      ...selected,
      ...matchExpressions,
      ...matchFields,
    ]),
    tolerations: spec.tolerations ?? [],
    neighbours: required.every((each) => each === undefined) ? undefined : required,
  };
}

function selection(key: string, value: string): Requirement {
  return { key, operator: "In", values: [value] };
}
