import type { Exchanged } from "./proxied-call.ts";

/** What operators did to a namespace, by the server's own answers. */
export interface Ledger {
  /** Requests so far, those about leases left out: they come by the clock. */
  readonly requests: number;
  /** Successful creations and deletions, `create services digits` each; events and leases left out. */
  readonly acts: readonly string[];
  /** All successful writes likewise. */
  readonly writes: readonly string[];
  note(exchanged: Exchanged): void;
}

const verbs: Readonly<Record<string, string>> = { POST: "create", PATCH: "patch", DELETE: "delete" };

export function createLedger(): Ledger {
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
    note({ method, path, status, body }) {
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
