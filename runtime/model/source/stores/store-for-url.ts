import { azureBlobStore } from "./azure-blob.ts";
import { gcsStore } from "./gcs.ts";
import { httpStore } from "./http/http-store.ts";
import { huggingFaceStore } from "./hugging-face.ts";
import { s3Store } from "./s3.ts";
import type { Store } from "./store.ts";
import type { Proxies } from "./proxies.ts";

/** Who downloads: names and secrets as the pod's environment has them. S3 reads its own, as all of AWS' tools do. */
export interface Credentials {
  readonly gcsKeyJson: string | undefined;
  readonly gcsEndpoint: string | undefined;
  readonly azureAccountKey: string | undefined;
  readonly azureSasToken: string | undefined;
  readonly huggingFaceToken: string | undefined;
  readonly huggingFaceEndpoint: string | undefined;
}

/** The scheme that marks an Azure address, which would be any other web server's otherwise. */
const azureMark = "azure+";

/**
 * The store that an address means: `s3://`, `gs://`, `hf://`, `azure+https://`, else a file of a web server. Throws
 * `SourceUrlInvalid`. The code of each client is loaded when it is asked for files. Those of Google and Azure look for proxies
 * in the environment by themselves, that of Hugging Face uses Node's `fetch`.
 */
export function openStore(address: string, credentials: Credentials, proxies: Proxies): Store {
  if (address.startsWith("s3://")) return s3Store(address, proxies);
  if (address.startsWith("gs://")) {
    return gcsStore(address, { keyJson: credentials.gcsKeyJson, endpoint: credentials.gcsEndpoint });
  }
  if (address.startsWith("hf://")) {
    const { huggingFaceToken: token, huggingFaceEndpoint: endpoint } = credentials;
    return huggingFaceStore(address, { token, endpoint });
  }
  if (address.startsWith(azureMark)) {
    const { azureAccountKey: accountKey, azureSasToken: sasToken } = credentials;
    return azureBlobStore(address.slice(azureMark.length), { accountKey, sasToken });
  }
  return httpStore(address, proxies);
}
