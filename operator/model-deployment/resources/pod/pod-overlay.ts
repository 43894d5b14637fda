import type { PodOverlay } from "../../../../crds/v1alpha1/pod-overlay.ts";
import type { PodTemplate, Volume } from "../../../kube/kinds.ts";
import type { Container, EnvironmentVariable } from "../../../kube/kinds/container.ts";

/**
 * Adds `spec.podOverlay` to a pod template. Fields of the template stay as they are, except the security context and the
 * ServiceAccount: the API refuses overlays with our keys, variables and volumes, and variables of the model's source take
 * precedence over the overlay's.
 */
export function overlaid({ metadata, spec }: PodTemplate, overlay: PodOverlay): PodTemplate {
  const { labels, annotations, serviceAccountName, imagePullSecrets, volumes, securityContext } = overlay;
  const containers = (own: readonly Container[]): readonly Container[] => own.map((one) => withOverlay(one, overlay));
  return {
    metadata: {
      ...metadata,
      labels: { ...labels, ...metadata?.labels },
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      ...spec,
      ...(serviceAccountName === undefined ? {} : { serviceAccountName }),
      ...(imagePullSecrets === undefined
        ? {}
        : { imagePullSecrets: distinct([...(spec.imagePullSecrets ?? []), ...imagePullSecrets]) }),
      ...(securityContext === undefined ? {} : { securityContext: { ...spec.securityContext, ...securityContext } }),
      ...(spec.initContainers === undefined ? {} : { initContainers: containers(spec.initContainers) }),
      containers: containers(spec.containers),
      ...(volumes === undefined
        ? {}
        : { volumes: [...(spec.volumes ?? []), ...(volumes satisfies readonly Volume[])] }),
    },
  };
}

function withOverlay(container: Container, { env = [], volumeMounts = [] }: PodOverlay): Container {
  const own = container.env ?? [];
  const isFree = ({ name }: EnvironmentVariable): boolean => !own.some((one) => one.name === name);
  return {
    ...container,
    env: [...env.filter(isFree), ...own],
    volumeMounts: [...(container.volumeMounts ?? []), ...volumeMounts],
  };
}

function distinct<T extends { readonly name: string }>(entries: readonly T[]): readonly T[] {
  return entries.filter(({ name }, index) => entries.findIndex((one) => one.name === name) === index);
}
