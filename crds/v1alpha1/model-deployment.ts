import { Type, type Static } from "typebox";

import { rule } from "../schema/rule.ts";
import { autoscaling } from "./autoscaling/autoscaling.ts";
import { condition } from "./status/conditions.ts";
import { model } from "./model.ts";
import { podOverlay } from "./pod-overlay.ts";
import { resources } from "./resources.ts";
import { rollout } from "./rollout/rollout.ts";
import { scheduling } from "./scheduling.ts";
import { serving } from "./serving.ts";
import { revisionStatus, status } from "./status/status.ts";
import { traffic } from "./traffic.ts";

export type { Source } from "./source.ts";

/**
 * Longest name of a ModelDeployment. `<name>-<revision hash>` must fit into a label's value of 63 characters,
 * and the hash takes 10.
 */
const maxNameLength = 52;

// In spec only replicas has a default that the API server writes: /scale fails for objects without the field. When a later version
// changed or added another default, the hash of stored revisions would change and pods would restart.
const spec = Type.Object(
  {
    model,
    replicas: Type.Optional(
      Type.Integer({
        description:
          "Number of pods. If an autoscaler or kubectl scale sets it, leave it out of the manifests you apply.",
        format: "int32",
        minimum: 0,
        maximum: 10_000,
        default: 1,
      }),
    ),
    autoscaling: Type.Optional(autoscaling),
    rollout: Type.Optional(rollout),
    resources: Type.Optional(resources),
    scheduling: Type.Optional(scheduling),
    serving: Type.Optional(serving),
    traffic: Type.Optional(traffic),
    podOverlay: Type.Optional(podOverlay),
    suspend: Type.Optional(
      Type.Boolean({ description: "True stops all pods and keeps everything else.", assumed: false }),
    ),
  },
  { description: "Desired state." },
);

interface Named {
  readonly metadata: { readonly name: string };
}

/** Schema of the whole object: source of the CRD, the types and the documents. */
export const modelDeployment = Type.Object(
  {
    apiVersion: Type.Optional(Type.String({ description: "modelwright.dev/v1alpha1" })),
    kind: Type.Optional(Type.String({ description: "ModelDeployment" })),
    // The API server has its own schema of metadata and allows only the name here, which rules need for their fieldPath.
    metadata: Type.Optional(
      Type.Object(
        { name: Type.Optional(Type.String({ description: "Name of the object and of its Service.", maxLength: 253 })) },
        { description: "" },
      ),
    ),
    spec,
    status: Type.Optional(status),
  },
  {
    description: "ModelDeployment serves one model: it turns a model file into pods that answer prediction requests.",
    rules: [
      rule<Named>({
        cel: `size(self.metadata.name) <= ${maxNameLength}`,
        message: `must have at most ${maxNameLength} characters: names and labels of its pods are longer`,
        fieldPath: ".metadata.name",
        holds: (self) => self.metadata.name.length <= maxNameLength,
      }),
      rule<Named>({
        cel: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        message: "must consist of a-z, 0-9 and '-' and start with a letter: it is the name of a Service",
        fieldPath: ".metadata.name",
        holds: (self) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(self.metadata.name),
      }),
    ],
  },
);

/** `spec` of a ModelDeployment. */
export type ModelDeploymentSpec = Static<typeof spec>;
/** `status` of a ModelDeployment. */
export type ModelDeploymentStatus = Static<typeof status>;
/** The stable or the candidate revision in status. */
export type RevisionStatus = Static<typeof revisionStatus>;
/** One condition of status. */
export type Condition = Static<typeof condition>;

/** A ModelDeployment as the API server stores it. */
export interface ModelDeployment {
  readonly apiVersion: "modelwright.dev/v1alpha1";
  readonly kind: "ModelDeployment";
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: ModelDeploymentSpec;
  readonly status?: ModelDeploymentStatus;
}
