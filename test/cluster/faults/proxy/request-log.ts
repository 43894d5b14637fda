import type { CompletedRequest } from "./proxied-request.ts";

/** A record of the requests that the API server has answered. */
export interface RequestLog {
  /** Requests so far without those for leases, which come at intervals. */
  readonly requests: number;
  /** Successful creations and deletions without events and leases, each as `create services digits`. */
  readonly acts: readonly string[];
  /** All successful writes in the same form. */
  readonly writes: readonly string[];
  record(completed: CompletedRequest): void;
}

const verbs: Readonly<Record<string, string>> = { POST: "create", PATCH: "patch", DELETE: "delete" };

/** Creates an empty log. */
export function createRequestLog(): RequestLog {
  const writes: string[] = [];
  let requests = 0;
  return {
    get requests() {
      return requests;
    },
    get acts() {
      return writes.filter((write) => !write.startsWith("patch"));
    },
    writes,
    record({ method, path, status, body }) {
      if (isAboutLease({ path })) return;
      requests += 1;
      const verb = verbs[method];
      const { plural, name, subresource } = subjectOf(path);
      if (verb === undefined || status >= 300 || plural === "events") return;
      const called = name ?? (JSON.parse(body) as { metadata: { name: string } }).metadata.name; // an object's own JSON
      writes.push([verb, plural, called, subresource].filter((part) => part !== undefined).join(" "));
    },
  };
}

/** Whether the path names Leases. */
export function isAboutLease({ path }: { readonly path: string }): boolean {
  return subjectOf(path).plural === "leases";
}

interface Subject {
  readonly plural: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

function subjectOf(path: string): Subject {
  const [bare = ""] = path.split("?");
  const parts = bare.split("/").slice(bare.startsWith("/api/") ? 3 : 4);
  const [plural = "", name, subresource] = parts[0] === "namespaces" && parts.length > 2 ? parts.slice(2) : parts;
  return { plural, name, subresource };
}
