import type { ApiResponse } from "../requests/response.ts";
import { isTrue } from "../requests/target.ts";
import { ApiError, badRequest } from "../values/api-error.ts";
import { listOf, objectOf, textOf, valueAt } from "../values/json.ts";
import type { Context, ResourceRequest } from "./context.ts";
import { existingObject } from "./update.ts";

/** The options of `kubectl logs`. */
export interface PodLogOptions {
  readonly follow: boolean;
  /** Whether to read the log of the run before the last restart. */
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines: number | undefined;
  readonly sinceSeconds: number | undefined;
  readonly limitBytes: number | undefined;
}

/** Reads the log of a container: as text, or as a stream when it is followed. Throws when there is none. */
export type PodLogReader = (
  namespace: string,
  name: string,
  container: string,
  options: PodLogOptions,
) => string | AsyncIterable<Uint8Array>;

/** GET of `pods/NAME/log`. */
export function podLog(context: Context, request: ResourceRequest, reader: PodLogReader | undefined): ApiResponse {
  const { kind, namespace, name } = request.target;
  const pod = existingObject(context, kind, namespace, name);
  const names = [
    ...listOf(valueAt(pod, ["spec", "containers"])),
    ...listOf(valueAt(pod, ["spec", "initContainers"])),
  ].map((container) => textOf(objectOf(container)["name"]));
  const container = chosenContainer(name, names, listOf(valueAt(pod, ["spec", "containers"])).length, request.query);
  if (reader === undefined) throw new ApiError(500, "InternalError", "no kubelet of this server keeps logs");
  const log = reader(namespace, name, container, logOptions(request.query));
  const headers = { "content-type": "text/plain" };
  if (typeof log === "string") return { status: 200, headers, body: log };
  return { status: 200, headers, chunks: log, close: () => {} };
}

function chosenContainer(pod: string, names: readonly string[], regularCount: number, query: URLSearchParams): string {
  const asked = query.get("container") ?? "";
  const [first = ""] = names;
  if (asked === "" && regularCount === 1) return first;
  if (asked === "")
    throw badRequest(`a container name must be specified for pod ${pod}, choose one of: [${names.join(" ")}]`);
  if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${pod}`);
  return asked;
}

function logOptions(query: URLSearchParams): PodLogOptions {
  const count = (name: string): number | undefined => (query.has(name) ? Number(query.get(name)) : undefined);
  return {
    follow: isTrue(query.get("follow")),
    previous: isTrue(query.get("previous")),
    timestamps: isTrue(query.get("timestamps")),
    tailLines: count("tailLines"),
    sinceSeconds: count("sinceSeconds"),
    limitBytes: count("limitBytes"),
  };
}
