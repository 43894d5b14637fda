import type { Source } from "../../../../crds/v1alpha1/model-deployment.ts";
import { environment } from "../../../../runtime/contract/environment.ts";
import { containerPaths } from "../../../../runtime/contract/paths.ts";
import type { Volume } from "../../../kube/kinds.ts";
import type { EnvironmentVariable } from "../../../kube/kinds/container.ts";

/** Name of the volume that holds the model. */
export const modelVolumeName = "model";

/** How a source is mounted in a pod. */
export interface MountedSource {
  readonly volume: Volume;
  /** Path of the model file or folder inside the container. */
  readonly path: string;
  /** Environment of the init container that fetches the model; absent when the volume already contains it. */
  readonly fetch?: Fetch;
}

/** Where a model is downloaded from, and with which credentials. */
interface Fetch {
  readonly env: readonly EnvironmentVariable[];
  /** Secret whose keys become further variables. */
  readonly secret?: string;
}

/** The volume, the path in it and, if the model has to be fetched first, the environment of the init container. */
export function mountedSource(source: Source): MountedSource {
  const { configMap, persistentVolumeClaim, image } = source;
  if (configMap !== undefined) {
    const { name, key } = configMap;
    return mounted({ configMap: { name, items: [{ key, path: key }] } }, key);
  }
  if (persistentVolumeClaim !== undefined) {
    const { claimName, path } = persistentVolumeClaim;
    return mounted({ persistentVolumeClaim: { claimName, readOnly: true } }, path);
  }
  if (image !== undefined) {
    const { reference, path, pullPolicy } = image;
    return mounted({ image: { reference, ...(pullPolicy === undefined ? {} : { pullPolicy }) } }, path);
  }
  const address = addressOf(source);
  return { ...mounted({ emptyDir: {} }, fileName(address)), fetch: fetchFrom(source, address) };
}

function mounted(volume: Omit<Volume, "name">, path: string | undefined): MountedSource {
  return {
    volume: { name: modelVolumeName, ...volume },
    path: path === undefined ? containerPaths.models : `${containerPaths.models}/${path}`,
  };
}

/** The address in the format of the program `fetch`. */
function addressOf({ http, s3, gcs, azureBlob, huggingFace }: Source): string {
  if (huggingFace !== undefined) {
    const { repo, revision, files = [] } = huggingFace;
    const query = files.map((file) => `file=${encodeURIComponent(file)}`).join("&");
    return `hf://${repo}${revision === undefined ? "" : `@${revision}`}${query === "" ? "" : `?${query}`}`;
  }
  if (azureBlob !== undefined) return `azure+${azureBlob.uri}`;
  return http?.url ?? s3?.uri ?? gcs?.uri ?? "";
}

/** Endpoints and regions use the environment variables of each service's own clients. */
function fetchFrom({ http, s3, gcs, azureBlob, huggingFace }: Source, address: string): Fetch {
  const secret = (s3 ?? gcs ?? azureBlob ?? huggingFace)?.secretRef?.name;
  const optional = [
    [environment.sourceSha256, http?.sha256],
    ["AWS_ENDPOINT_URL_S3", s3?.endpoint],
    ["AWS_REGION", s3?.region],
    ["STORAGE_EMULATOR_HOST", gcs?.endpoint],
    ["HF_ENDPOINT", huggingFace?.endpoint],
  ] as const;
  return {
    env: [
      { name: environment.sourceUrl, value: address },
      ...optional.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
    ],
    ...(secret === undefined ? {} : { secret }),
  };
}

/** Last segment of the address' path, because the file name shows the model's format; `model` if it cannot be a file name. */
function fileName(address: string): string {
  const path = /^[a-z+0-9]+:\/\/[^/?#]*([^?#]*)/.exec(address)?.[1] ?? "";
  const last = path.split("/").findLast((segment) => segment !== "") ?? "";
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,120}$/.test(last) ? last : "model";
}
