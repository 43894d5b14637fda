import type { Source } from "../../../crds/v1alpha1/model-deployment.ts";
import { environment } from "../../../runtime/contract/environment.ts";
import { containerPaths } from "../../../runtime/contract/paths.ts";
import type { EnvironmentVariable, Volume } from "../../kube/kinds.ts";

/** Name of the volume that holds the model. */
export const modelVolumeName = "model";

/** How a source becomes files in a pod. */
export interface MountedSource {
  readonly volume: Volume;
  /** Path of the model file or folder inside the container. */
  readonly path: string;
  /** Variables of the init container that fetches the model; absent when the volume already has it. */
  readonly fetch?: readonly EnvironmentVariable[];
}

/** The volume, the path in it and, where the model has to be fetched first, what the fetching container needs. */
export function mountedSource({ http, persistentVolumeClaim, configMap }: Source): MountedSource {
  if (configMap !== undefined) {
    const { name, key } = configMap;
    return {
      volume: { name: modelVolumeName, configMap: { name, items: [{ key, path: key }] } },
      path: `${containerPaths.models}/${key}`,
    };
  }
  if (persistentVolumeClaim !== undefined) {
    const { claimName, path } = persistentVolumeClaim;
    return {
      volume: { name: modelVolumeName, persistentVolumeClaim: { claimName, readOnly: true } },
      path: path === undefined ? containerPaths.models : `${containerPaths.models}/${path}`,
    };
  }
  return {
    volume: { name: modelVolumeName, emptyDir: {} },
    path: `${containerPaths.models}/${fileName(http?.url ?? "")}`,
    fetch: [
      { name: environment.sourceUrl, value: http?.url ?? "" },
      ...(http?.sha256 === undefined ? [] : [{ name: environment.sourceSha256, value: http.sha256 }]),
    ],
  };
}

/** Last segment of a URL's path, because a model's format shows in its name; `model` when there is none that can be a file. */
function fileName(url: string): string {
  const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)/.exec(url)?.[1] ?? "";
  const last = path.split("/").at(-1) ?? "";
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,120}$/.test(last) ? last : "model";
}
