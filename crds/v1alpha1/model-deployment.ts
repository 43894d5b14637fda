import { Type, type Static } from "typebox";

// First cut of the shape, so that other folders can compile against it; sections move to one file each.
const source = Type.Object({
  http: Type.Optional(Type.Object({ url: Type.String(), sha256: Type.Optional(Type.String()) })),
  persistentVolumeClaim: Type.Optional(Type.Object({ claimName: Type.String(), path: Type.Optional(Type.String()) })),
  configMap: Type.Optional(Type.Object({ name: Type.String(), key: Type.String() })),
});

const model = Type.Object({
  name: Type.Optional(Type.String()),
  source,
  format: Type.Optional(Type.Enum(["Auto", "Keras", "SavedModel", "TensorFlowJs", "Onnx"])),
  digest: Type.Optional(Type.String()),
});

const resources = Type.Object({
  cpu: Type.Optional(Type.Union([Type.String(), Type.Integer()])),
  memory: Type.Optional(Type.Union([Type.String(), Type.Integer()])),
  gpu: Type.Optional(
    Type.Object({ count: Type.Optional(Type.Integer()), products: Type.Optional(Type.Array(Type.String())) }),
  ),
});

const scheduling = Type.Object({
  nodeSelector: Type.Optional(Type.Record(Type.String(), Type.String())),
  tolerations: Type.Optional(Type.Array(Type.Object({}))),
  priorityClassName: Type.Optional(Type.String()),
  runtimeClassName: Type.Optional(Type.String()),
  schedulerName: Type.Optional(Type.String()),
  topologySpread: Type.Optional(Type.Array(Type.Object({}))),
  affinity: Type.Optional(Type.Object({})),
});

const serving = Type.Object({
  engine: Type.Optional(Type.Enum(["Auto", "TensorFlowJs", "OnnxRuntime", "TensorFlow"])),
  batching: Type.Optional(
    Type.Object({ maxSize: Type.Optional(Type.Integer()), maxDelay: Type.Optional(Type.String()) }),
  ),
  limits: Type.Optional(
    Type.Object({
      bodyBytes: Type.Optional(Type.Integer()),
      queue: Type.Optional(Type.Integer()),
      timeout: Type.Optional(Type.String()),
    }),
  ),
});

const revisionStatus = Type.Object({
  revision: Type.String(),
  version: Type.Optional(Type.String()),
  digest: Type.Optional(Type.String()),
  replicas: Type.Optional(Type.Integer()),
  ready: Type.Optional(Type.Integer()),
  weight: Type.Optional(Type.Integer()),
});

const condition = Type.Object({
  type: Type.String(),
  status: Type.Enum(["True", "False", "Unknown"]),
  observedGeneration: Type.Optional(Type.Integer()),
  lastTransitionTime: Type.String(),
  reason: Type.String(),
  message: Type.String(),
});

const status = Type.Object({
  observedGeneration: Type.Optional(Type.Integer()),
  conditions: Type.Optional(Type.Array(condition)),
  stable: Type.Optional(revisionStatus),
  candidate: Type.Optional(revisionStatus),
  replicas: Type.Optional(Type.Integer()),
  selector: Type.Optional(Type.String()),
  url: Type.Optional(Type.String()),
  gateway: Type.Optional(Type.Object({ port: Type.Optional(Type.Integer()) })),
  model: Type.Optional(
    Type.Object({
      signature: Type.Optional(Type.String()),
      format: Type.Optional(Type.String()),
      bytes: Type.Optional(Type.Integer()),
      engine: Type.Optional(Type.String()),
      digest: Type.Optional(Type.String()),
    }),
  ),
});

const spec = Type.Object({
  model,
  replicas: Type.Optional(Type.Integer({ minimum: 0 })),
  resources: Type.Optional(resources),
  scheduling: Type.Optional(scheduling),
  serving: Type.Optional(serving),
  suspend: Type.Optional(Type.Boolean()),
});

export type Source = Static<typeof source>;
export type ModelDeploymentSpec = Static<typeof spec>;
export type ModelDeploymentStatus = Static<typeof status>;
export type RevisionStatus = Static<typeof revisionStatus>;
export type Condition = Static<typeof condition>;

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
