import type { Bucket, File, StorageOptions } from "@google-cloud/storage";
import { faults as modelFaults } from "../../faults.ts";
import { faults } from "../faults.ts";
import { judged } from "./store-call.ts";
import type { OpenOptions, Setback, SourceResponse, Store, StoredFile } from "./store.ts";

/** Who asks Google Cloud Storage, and where. */
export interface GcsTerms {
  /** A service account's key as JSON; absent: the pod's identity, else nobody. */
  readonly keyJson: string | undefined;
  /** Another server that speaks its protocol. */
  readonly endpoint: string | undefined;
}

/** An object, or all objects below a prefix, of Google Cloud Storage. */
export function gcsStore(text: string, terms: GcsTerms): Store {
  const [, bucketName, name = ""] = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,221})(?:\/(.*))?$/.exec(text) ?? [];
  if (bucketName === undefined) {
    throw faults.SourceUrlInvalid({ reason: "it has no bucket", expected: "gs://BUCKET/OBJECT" });
  }
  const shown = `gs://${bucketName}/${name}`;
  let opened: Promise<Bucket> | undefined;
  const bucket = (): Promise<Bucket> => (opened ??= connected(bucketName, terms));
  return {
    shown,
    isFolder: name === "" || name.endsWith("/") ? true : undefined,
    files: async () => {
      const prefix = name === "" || name.endsWith("/") ? name : `${name}/`;
      const [objects] = await (await bucket()).getFiles({ prefix: name });
      const exact = objects.find((object) => object.name === name && name !== "");
      if (exact !== undefined) return [stored(exact, name.split("/").at(-1) ?? "model")];
      const below = objects.filter((object) => object.name.startsWith(prefix) && !object.name.endsWith("/"));
      if (below.length === 0) throw modelFaults.ModelNotFound({ place: shown });
      return below.map((object) => stored(object, object.name.slice(prefix.length)));
    },
  };
}

async function connected(bucketName: string, { keyJson, endpoint }: GcsTerms): Promise<Bucket> {
  const { Storage } = await import("@google-cloud/storage");
  const options: StorageOptions = {
    retryOptions: { autoRetry: false, maxRetries: 0 },
    ...(endpoint === undefined ? {} : { apiEndpoint: endpoint, projectId: "modelwright" }),
    ...(keyJson === undefined ? {} : { credentials: credentialsOf(keyJson) }),
  };
  const known = new Storage(options);
  if (endpoint !== undefined || keyJson !== undefined) return known.bucket(bucketName);
  const isSomebody = await known.authClient.getAccessToken().then(
    () => true,
    () => false,
  );
  if (isSomebody) return known.bucket(bucketName);
  const { PassThroughClient } = await import("google-auth-library");
  return new Storage({ ...options, authClient: new PassThroughClient() as never }).bucket(bucketName); // two copies of its types
}

function credentialsOf(keyJson: string): object {
  try {
    const key: unknown = JSON.parse(keyJson);
    if (typeof key === "object" && key !== null) return key;
  } catch {
    // Said below: what the parser says repeats parts of the key.
  }
  throw faults.CredentialsInvalid({
    variable: "GOOGLE_APPLICATION_CREDENTIALS_JSON",
    expected: "a service account's key",
  });
}

/** Pins the generation, so that a later range is of the same content. */
function stored({ bucket, name, metadata: { size, generation } }: File, path: string): StoredFile {
  const object = bucket.file(name, generation === undefined ? {} : { generation });
  const shown = `gs://${bucket.name}/${name}`;
  const totalBytes = size === undefined ? undefined : Number(size);
  return {
    path,
    shown,
    sizeBytes: totalBytes,
    open: (options) => opening(object, { shown, totalBytes, tag: String(generation ?? "") }, options),
  };
}

interface ObjectFacts {
  readonly shown: string;
  readonly totalBytes: number | undefined;
  readonly tag: string;
}

function opening(
  object: File,
  { shown, totalBytes, tag }: ObjectFacts,
  { resume, signal }: OpenOptions,
): Promise<SourceResponse | Setback> {
  return judged(shown, async () => {
    const start = resume.tag === tag ? resume.offset : 0;
    const body = object.createReadStream({ start, validation: false, decompress: false });
    signal?.addEventListener("abort", () => body.destroy(), { once: true });
    return Promise.resolve({ body: body as AsyncIterable<Uint8Array>, start, totalBytes, tag }); // a stream of bytes, typed as of anything
  });
}
