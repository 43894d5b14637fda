import type { KubeRequest, Transport } from "../../operator/kube/transport.ts";

/** One request as it went over a transport. */
export interface Noted {
  readonly by: "operator" | "user";
  readonly request: KubeRequest;
  /** `PATCH modeldeployments/status`. */
  readonly label: string;
  readonly started: Moment;
  ended: Moment;
}

/** A point in time, and in the processor time of this thread, which the machine's other work does not lengthen. */
export interface Moment {
  readonly wallMs: number;
  readonly cpuMs: number;
}

export function moment(): Moment {
  const { user, system } = process.threadCpuUsage();
  return { wallMs: performance.now(), cpuMs: (user + system) / 1_000 };
}

export function between(start: Moment, end: Moment): Moment {
  return { wallMs: end.wallMs - start.wallMs, cpuMs: end.cpuMs - start.cpuMs };
}

/** A transport that notes its requests, in the order of the calls. Watches and their first lists are not noted. */
export function notingTransport(transport: Transport, by: Noted["by"], into: Noted[]): Transport {
  return {
    async send(request) {
      const started = moment();
      const noted: Noted = { by, request, label: label(request), started, ended: started };
      into.push(noted);
      const response = await transport.send(request);
      noted.ended = moment();
      return response;
    },
    open: (request) => transport.open(request),
    close: () => transport.close(),
  };
}

/**
 * Makes the same requests one after the other; how long that takes. Versions of objects are left out: they
 * belong to the server that was spoken to first. Throws when one is refused.
 */
export async function replayed(requests: readonly Noted[], transport: Transport): Promise<Moment> {
  const bare = requests.map(({ request }) => withoutVersion(request));
  const begun = moment();
  for (const request of bare) {
    const { status, body } = await transport.send(request);
    if (status >= 300) throw new Error(`${request.method} ${request.path}: ${body}`);
  }
  return between(begun, moment());
}

export function isStatusWrite({ label }: Noted): boolean {
  return label === "PATCH modeldeployments/status";
}

export function isChildWrite({ label }: Noted): boolean {
  return !label.startsWith("GET") && !/ (modeldeployments|events)/.test(label);
}

/** Requests by label, with how many there are of each `per` objects. */
export function counts(requests: readonly Noted[], per = 1): string {
  const found = new Map<string, number>();
  for (const { label } of requests) found.set(label, (found.get(label) ?? 0) + 1);
  return [...found].map(([label, count]) => `${count / per} ${label}`).join(", ") || "nothing";
}

function label({ method, path }: KubeRequest): string {
  const [bare = ""] = path.split("?");
  const parts = bare.split("/").slice(bare.startsWith("/api/") ? 3 : 4);
  const [plural = "", , subresource] = parts[0] === "namespaces" && parts.length > 2 ? parts.slice(2) : parts;
  return `${method} ${[plural, subresource].filter(Boolean).join("/")}`;
}

function withoutVersion(request: KubeRequest): KubeRequest {
  if (typeof request.body !== "string") return request;
  const { metadata, ...rest } = JSON.parse(request.body) as { metadata?: Record<string, unknown> }; // an object or a patch of one
  const { resourceVersion: _version, ...kept } = metadata ?? {};
  return { ...request, body: JSON.stringify({ ...rest, metadata: kept }) };
}
