import type { ModelDeploymentSpec } from "../../../crds/v1alpha1/model-deployment.ts";
import { gpuProductLabel, revisionSelector } from "./labels.ts";

interface NodeSelectorTerm {
  readonly matchExpressions?: readonly object[];
  readonly matchFields?: readonly object[];
}

interface Affinity {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms?: readonly NodeSelectorTerm[];
    };
  };
}

/**
 * The pods' affinity: the user's own and, when GPU products are named, a node that has one of them. Terms of a node
 * selector are alternatives, so the product is added to each of the user's.
 */
export function affinity({ scheduling, resources }: ModelDeploymentSpec): object | undefined {
  const own: (Affinity & Readonly<Record<string, unknown>>) | undefined = scheduling?.affinity;
  const products = resources?.gpu?.products;
  if (products === undefined || products.length === 0) return own;
  const product = { key: gpuProductLabel, operator: "In", values: products };
  const terms = own?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  return {
    ...own,
    nodeAffinity: {
      ...own?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: terms.map((term) => ({
          ...term,
          matchExpressions: [...(term.matchExpressions ?? []), product],
        })),
      },
    },
  };
}

/** Spreading counts the pods of one revision, so that two revisions side by side do not disturb each other. */
export function topologySpreadConstraints(
  { scheduling }: ModelDeploymentSpec,
  deployment: string,
  hash: string,
): readonly object[] | undefined {
  return scheduling?.topologySpread?.map(({ topologyKey, maxSkew = 1, whenUnsatisfiable = "ScheduleAnyway" }) => ({
    topologyKey,
    maxSkew,
    whenUnsatisfiable,
    labelSelector: { matchLabels: revisionSelector(deployment, hash) },
  }));
}
