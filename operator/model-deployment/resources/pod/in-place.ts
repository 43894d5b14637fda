import type { ModelDeploymentSpec } from "../../../../crds/v1alpha1/model-deployment.ts";
import { environment } from "../../../../runtime/contract/environment.ts";
import { inPlaceFiles, type InPlaceModel } from "../../../../runtime/contract/in-place.ts";
import { containerPaths } from "../../../../runtime/contract/paths.ts";
import type { PodTemplate, Volume } from "../../../kube/kinds.ts";
import type { EnvironmentVariable, VolumeMount } from "../../../kube/kinds/container.ts";
import { hash } from "../../plan/hash.ts";
import { annotations, labels } from "../labels.ts";
import { mountedSource } from "./model-source.ts";

const volumeName = "in-place";

/**
 * Why pods of this spec cannot be updated in place, a clause; undefined when they can. What a container mounts is fixed, and only
 * the init container has the credentials of a source.
 */
export function inPlaceObstacle({ model }: ModelDeploymentSpec): string | undefined {
  const { source, versions } = model;
  if (versions !== undefined) return "spec.model.versions is set";
  if (source.configMap !== undefined || source.image !== undefined) {
    return `a running pod cannot mount another ${source.image === undefined ? "configMap" : "image"}`;
  }
  const { secret } = mountedSource(source).fetch ?? {};
  return secret === undefined ? undefined : "only a new pod's init container has the credentials of the source";
}

/** Variables of a runtime container that may be given other models. */
export function inPlaceVariables(revision: string): readonly EnvironmentVariable[] {
  return [
    { name: environment.revision, value: revision },
    { name: environment.inPlaceFolder, value: containerPaths.inPlace },
  ];
}

export const inPlaceMount: VolumeMount = { name: volumeName, mountPath: containerPaths.inPlace, readOnly: true };

/** Shows the pod's label and annotation to its container as files, which the kubelet keeps up to date. */
export const inPlaceVolume: Volume = {
  name: volumeName,
  downwardAPI: {
    items: [
      { path: inPlaceFiles.revision, fieldRef: { fieldPath: `metadata.labels['${labels.revision}']` } },
      { path: inPlaceFiles.models, fieldRef: { fieldPath: `metadata.annotations['${annotations.inPlaceModels}']` } },
    ],
  },
};

/** A revision's model, as a pod of another revision with the same key is told. */
export function inPlaceModel(revision: string, version: string, { model }: ModelDeploymentSpec): InPlaceModel {
  const source = mountedSource(model.source);
  const variables = source.fetch?.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]));
  return {
    revision,
    version,
    path: source.path.slice(containerPaths.models.length + 1),
    format: model.format ?? "Auto",
    ...(model.digest === undefined ? {} : { digest: model.digest }),
    ...(variables === undefined ? {} : { fetch: Object.fromEntries(variables) }),
  };
}

/** Variables whose values an {@link InPlaceModel} replaces. */
const ofModel: ReadonlySet<string> = new Set([
  environment.modelPath,
  environment.modelVersion,
  environment.modelFormat,
  environment.modelDigest,
  environment.revision,
]);

/** Hash of everything in a template that is not the model or the revision: pods with equal keys can run each other's models. */
export function inPlaceKey({ metadata, spec }: PodTemplate, revision: string): string {
  const { containers, initContainers = [], ...rest } = spec;
  const [runtime, ...others] = containers;
  const env = runtime?.env?.filter(({ name }) => !ofModel.has(name));
  const fetchers = initContainers.map((container) => ({ ...container, env: undefined }));
  const text = JSON.stringify({ metadata, rest, containers: [{ ...runtime, env }, ...others], fetchers });
  return hash(text.replaceAll(revision, ""));
}
