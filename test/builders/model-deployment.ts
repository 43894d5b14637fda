import type { ModelDeployment, ModelDeploymentSpec } from "../../crds/v1alpha1/model-deployment.ts";
import type { Stored } from "../../operator/kube/kinds.ts";
import type { Settings } from "../../operator/model-deployment/snapshot.ts";

/** The current time of tests. */
export const testMs = Date.UTC(2030, 0, 1);

/** Settings of an installation, with a test's changes. */
export function settings(changes: Partial<Settings> = {}): Settings {
  return {
    runtimeImage: "modelwright/runtime:1.0.0",
    drainDelayMs: 5_000,
    terminationGraceSeconds: 30,
    logLevel: "info",
    ...changes,
  };
}

/** A ModelDeployment `digits` of two replicas, as the API server stores it. */
export function modelDeployment(spec: Partial<ModelDeploymentSpec> = {}): ModelDeployment & Stored {
  return {
    apiVersion: "modelwright.dev/v1alpha1",
    kind: "ModelDeployment",
    metadata: {
      name: "digits",
      namespace: "default",
      uid: "uid-digits",
      resourceVersion: "1",
      generation: 1,
      creationTimestamp: "2030-01-01T00:00:00Z",
    },
    spec: { ...model("digits.h5"), replicas: 2, ...spec },
  };
}

/** The part of a spec that names the model: a key of the ConfigMap `models`. */
export function model(key: string): Pick<ModelDeploymentSpec, "model"> {
  return { model: { source: { configMap: { name: "models", key } } } };
}
