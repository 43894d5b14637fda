import { type S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { faults as modelFaults } from "../../faults.ts";
import { faults } from "../faults.ts";
import type { Proxies } from "./proxies.ts";
import { callStore } from "./store-call.ts";
import { proxyAgents } from "./http/proxy-agents.ts";
import type { OpenOptions, TransientFailure, SourceResponse, Store, StoredFile } from "./store.ts";

type Sdk = typeof import("@aws-sdk/client-s3");

/**
 * An object, or all objects below a prefix, of S3 or a compatible store. Credentials, region and endpoint come from the same places
 * as for AWS tools (`AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT_URL_S3`, the pod's identity …); without credentials access is
 * anonymous.
 */
export function s3Store(text: string, proxies: Proxies): Store {
  const { bucket, key } = parseUrl(text);
  const displayUrl = `s3://${bucket}/${key}`;
  let opened: Promise<Connection> | undefined;
  const client = (): Promise<Connection> => (opened ??= connect(proxies));
  const storedFile = (path: string, objectKey: string, sizeBytes: number): StoredFile => ({
    path,
    displayUrl: `s3://${bucket}/${objectKey}`,
    sizeBytes,
    open: async (options) => openObject(await client(), { bucket, key: objectKey }, options),
  });
  return {
    displayUrl,
    isFolder: key === "" || key.endsWith("/") ? true : undefined,
    files: async (signal) => {
      const listing = listObjects(await client(), { bucket, key }, signal);
      const prefix = key === "" || key.endsWith("/") ? key : `${key}/`;
      const files: StoredFile[] = [];
      for await (const { Key = "", Size = 0 } of listing) {
        if (Key === key) return [storedFile(Key.split("/").at(-1) ?? "model", Key, Size)];
        if (Key.startsWith(prefix) && !Key.endsWith("/")) files.push(storedFile(Key.slice(prefix.length), Key, Size));
      }
      if (files.length === 0) throw modelFaults.ModelNotFound({ place: displayUrl });
      return files;
    },
  };
}

interface ObjectLocation {
  readonly bucket: string;
  readonly key: string;
}

interface Connection {
  readonly sdk: Sdk;
  readonly client: S3Client;
}

async function* listObjects(
  { sdk, client }: Connection,
  { bucket, key }: ObjectLocation,
  signal: AbortSignal | undefined,
): AsyncIterable<{ readonly Key?: string | undefined; readonly Size?: number | undefined }> {
  let ContinuationToken: string | undefined;
  do {
    const command = new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: key, ContinuationToken });
    const page = await client.send(command, abortOptions(signal));
    yield* page.Contents ?? [];
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
}

function abortOptions(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function parseUrl(text: string): ObjectLocation {
  const [, bucket, key = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})(?:\/(.*))?$/.exec(text) ?? [];
  if (bucket === undefined) throw faults.SourceUrlInvalid({ reason: "it has no bucket", expected: "s3://BUCKET/KEY" });
  return { bucket, key };
}

async function connect(proxies: Proxies): Promise<Connection> {
  const sdk = await import("@aws-sdk/client-s3");
  const agents = proxyAgents(proxies);
  const settings: S3ClientConfig = {
    forcePathStyle: true,
    followRegionRedirects: true,
    maxAttempts: 1,
    ...(agents === undefined ? {} : { requestHandler: agents }),
  };
  const client = new sdk.S3Client(settings);
  const isRegionKnown = await client.config.region().then(
    () => true,
    () => false,
  );
  const hasCredentials = await client.config.credentials().then(
    () => true,
    () => false,
  );
  if (isRegionKnown && hasCredentials) return { sdk, client };
  const anonymous = { signer: { sign: <Request>(request: Request) => Promise.resolve(request) } };
  return {
    sdk,
    client: new sdk.S3Client({
      ...settings,
      ...(isRegionKnown ? {} : { region: "us-east-1" }),
      ...(hasCredentials ? {} : anonymous),
    }),
  };
}

function openObject(
  { sdk, client }: Connection,
  { bucket, key }: ObjectLocation,
  { resume, signal }: OpenOptions,
): Promise<SourceResponse | TransientFailure> {
  const { offset, tag } = resume;
  const rest = offset > 0 && tag !== undefined ? { Range: `bytes=${offset}-`, IfMatch: tag } : {};
  return callStore(`s3://${bucket}/${key}`, async () => {
    const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: key, ...rest });
    const { Body, ETag, ContentLength, ContentRange } = await client.send(command, abortOptions(signal));
    const start = Number(/^bytes (\d+)-/.exec(ContentRange ?? "")?.[1] ?? 0);
    const body = Body as unknown as AsyncIterable<Uint8Array>; // in Node it is a readable stream
    return { body, start, totalBytes: ContentLength === undefined ? undefined : start + ContentLength, tag: ETag };
  });
}
