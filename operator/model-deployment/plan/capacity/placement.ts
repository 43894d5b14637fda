import type { PodTemplate } from "../../../kube/kinds.ts";

/** Resources by name, as quantities. */
export type ResourceList = Readonly<Record<string, string>>;

/** One requirement on a node: a label, an operator, values. */
export interface NodeRequirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

/** On which nodes a pod may run, and what it requests there. */
export interface Placement {
  /** Sum over the containers that run at the same time. */
  readonly requests: ResourceList;
  /** Alternative lists of requirements, each with the node selector; an empty list allows any node. */
  readonly nodes: readonly (readonly NodeRequirement[])[];
  readonly tolerations: readonly object[];
  /** Required pod affinity and anti-affinity. */
  readonly podAffinity: object | undefined;
}

interface Affinity {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly Term[] };
  };
  readonly podAffinity?: PodAffinityTerms;
  readonly podAntiAffinity?: PodAffinityTerms;
}

interface Term {
  readonly matchExpressions?: readonly NodeRequirement[];
  readonly matchFields?: readonly NodeRequirement[];
}

interface PodAffinityTerms {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly object[];
}

/** The placement of a revision's pods, from their template: its one serving container requests at least as much as its init container. */
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
    podAffinity: required.every((each) => each === undefined) ? undefined : required,
  };
}

function selection(key: string, value: string): NodeRequirement {
  return { key, operator: "In", values: [value] };
}
