import type { ContainerClient } from "@azure/storage-blob";
import { faults as modelFaults } from "../../faults.ts";
import { faults } from "../faults.ts";
import { judged } from "./store-call.ts";
import type { OpenOptions, Setback, SourceResponse, Store, StoredFile } from "./store.ts";

/** Who asks Azure Blob Storage: an account's key or a signature; neither: nobody. */
export interface AzureTerms {
  readonly accountKey: string | undefined;
  /** A shared access signature: the query of a signed URL. */
  readonly sasToken: string | undefined;
}

/** A blob, or all blobs below a prefix, at `https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH`. */
export function azureBlobStore(text: string, terms: AzureTerms): Store {
  const { account, containerUrl, name } = placeOf(text);
  const shown = `${containerUrl}/${name}`;
  let opened: Promise<ContainerClient> | undefined;
  const container = (): Promise<ContainerClient> => (opened ??= connected({ account, containerUrl }, terms));
  return {
    shown,
    isFolder: name === "" || name.endsWith("/") ? true : undefined,
    files: async (signal) => {
      const client = await container();
      const prefix = name === "" || name.endsWith("/") ? name : `${name}/`;
      const files: StoredFile[] = [];
      const abort = signal === undefined ? {} : { abortSignal: signal };
      for await (const { name: blob, properties } of client.listBlobsFlat({ prefix: name, ...abort })) {
        const sizeBytes = properties.contentLength;
        const stored = (path: string): StoredFile => ({
          path,
          shown: `${containerUrl}/${blob}`,
          sizeBytes,
          open: (options) => opening(client, blob, options),
        });
        if (blob === name && name !== "") return [stored(blob.split("/").at(-1) ?? "model")];
        if (blob.startsWith(prefix) && !blob.endsWith("/")) files.push(stored(blob.slice(prefix.length)));
      }
      if (files.length === 0) throw modelFaults.ModelNotFound({ place: shown });
      return files;
    },
  };
}

interface Place {
  readonly account: string;
  readonly containerUrl: string;
  readonly name: string;
}

/** On Azure the account is part of the host; emulators have it as the first part of the path. */
function placeOf(text: string): Place {
  const expected = "https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH";
  if (!URL.canParse(text)) throw faults.SourceUrlInvalid({ reason: "it is no URL", expected });
  const url = new URL(text);
  const parts = url.pathname.split("/").slice(1).map(decodeURIComponent);
  const isOnAzure = url.hostname.includes(".blob.");
  const [account = ""] = isOnAzure ? url.hostname.split(".") : parts;
  const [container = "", ...path] = isOnAzure ? parts : parts.slice(1);
  if (account === "" || container === "") throw faults.SourceUrlInvalid({ reason: "it has no container", expected });
  const base = isOnAzure ? url.origin : `${url.origin}/${account}`;
  return { account, containerUrl: `${base}/${container}`, name: path.join("/") };
}

async function connected(
  { account, containerUrl }: Pick<Place, "account" | "containerUrl">,
  { accountKey, sasToken }: AzureTerms,
): Promise<ContainerClient> {
  const { ContainerClient, StorageSharedKeyCredential } = await import("@azure/storage-blob");
  const options = { retryOptions: { maxTries: 1 } };
  if (accountKey !== undefined) {
    return new ContainerClient(containerUrl, new StorageSharedKeyCredential(account, accountKey), options);
  }
  const query = sasToken === undefined ? "" : `?${sasToken.replace(/^\?/, "")}`;
  return new ContainerClient(`${containerUrl}${query}`, undefined, options);
}

function opening(
  container: ContainerClient,
  name: string,
  { resume, signal }: OpenOptions,
): Promise<SourceResponse | Setback> {
  return judged(`${container.url.split("?")[0]}/${name}`, async () => {
    const { offset, tag } = resume;
    const isRest = offset > 0 && tag !== undefined;
    const { readableStreamBody, etag, contentLength } = await container
      .getBlobClient(name)
      .download(isRest ? offset : 0, undefined, {
        ...(isRest ? { conditions: { ifMatch: tag } } : {}),
        ...(signal === undefined ? {} : { abortSignal: signal }),
      });
    const start = isRest ? offset : 0;
    const body = readableStreamBody as AsyncIterable<Uint8Array>; // a stream of bytes in Node
    return { body, start, totalBytes: contentLength === undefined ? undefined : start + contentLength, tag: etag };
  });
}
