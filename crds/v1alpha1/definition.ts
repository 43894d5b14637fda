import { structuralSchemaOf } from "../schema/structural-printer.ts";
import type { StructuralSchema } from "../schema/structural/structural-schema.ts";
import { modelDeployment } from "./model-deployment.ts";

const readyCondition = '.status.conditions[?(@.type=="Ready")]';

/** One column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly description: string;
  readonly jsonPath: string;
  /** Above 0: shown only with `-o wide`. */
  readonly priority?: number;
}

const columns: readonly PrinterColumn[] = [
  {
    name: "Ready",
    type: "string",
    description: "Whether the declared state is reached and serves",
    jsonPath: `${readyCondition}.status`,
  },
  {
    name: "Strategy",
    type: "string",
    description: "Strategy by which a new revision takes over",
    jsonPath: ".status.rollout.strategy",
  },
  { name: "Stable", type: "string", description: "Version that serves", jsonPath: ".status.stable.version" },
  {
    name: "Candidate %",
    type: "integer",
    description: "Percentage of the traffic that the candidate revision gets",
    jsonPath: ".status.candidate.weight",
  },
  { name: "Replicas", type: "integer", description: "Pods of all revisions", jsonPath: ".status.replicas" },
  { name: "URL", type: "string", description: "URL inside the cluster", jsonPath: ".status.url" },
  { name: "Age", type: "date", description: "Time since creation", jsonPath: ".metadata.creationTimestamp" },
  {
    name: "Reason",
    type: "string",
    description: "Reason of the Ready condition",
    jsonPath: `${readyCondition}.reason`,
    priority: 1,
  },
  {
    name: "Digest",
    type: "string",
    description: "Digest of the model",
    jsonPath: ".status.stable.digest",
    priority: 1,
  },
  { name: "GPU", type: "integer", description: "GPUs per pod", jsonPath: ".spec.resources.gpu.count", priority: 1 },
];

/** The structural schema of a ModelDeployment. */
export const modelDeploymentSchema: StructuralSchema = structuralSchemaOf(modelDeployment);

/** The CustomResourceDefinition; `crds/generated` has it as YAML. */
export const modelDeploymentDefinition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "modeldeployments.modelwright.dev" },
  spec: {
    group: "modelwright.dev",
    names: {
      kind: "ModelDeployment",
      listKind: "ModelDeploymentList",
      plural: "modeldeployments",
      singular: "modeldeployment",
      // Not md, mdep, mdl or isvc: other projects use those.
      shortNames: ["mwd"],
      categories: ["ml"],
    },
    scope: "Namespaced",
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: modelDeploymentSchema },
        subresources: {
          status: {},
          scale: {
            specReplicasPath: ".spec.replicas",
            statusReplicasPath: ".status.replicas",
            labelSelectorPath: ".status.selector",
          },
        },
        additionalPrinterColumns: columns,
      },
    ],
  },
} as const;
