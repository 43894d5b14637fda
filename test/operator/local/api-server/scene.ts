import {
  createApiServer,
  type ApiServer,
  type ApiServerOptions,
} from "../../../../operator/local/api-server/api-server.ts";
import type { KubeRequest } from "../../../../operator/kube/transport.ts";
import { createManualClock, type ManualClock } from "../../../builders/manual-clock.ts";

/** A JSON object in a response. */
export type Answered = Readonly<Record<string, unknown>>;

/** An API-server model on a manual clock, with shortcuts for requests and watches. */
export interface Scene {
  readonly server: ApiServer;
  readonly clock: ManualClock;
  readonly request: (method: KubeRequest["method"], path: string, body?: unknown, type?: string) => Promise<Answered>;
  /** Opens a watch; `events` grows while it is open. */
  readonly watch: (path: string) => Promise<Watched>;
}

export interface Watched {
  /** `TYPE name@version`, `BOOKMARK version` or `ERROR code`. */
  readonly events: readonly string[];
  readonly isOver: () => boolean;
  readonly close: () => void;
}

export const configMaps = "/api/v1/namespaces/default/configmaps";

export const configMap = (name: string, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...more },
});

export function createScene(options: Partial<ApiServerOptions> = {}): Scene {
  const clock = createManualClock();
  let uids = 0;
  const newUid = (): string => `uid-${++uids}`;
  const server = createApiServer({ clock, random: () => 0, newUid, collection: "stepwise", ...options });
  return {
    server,
    clock,
    async request(method, path, body, type = "application/json") {
      const headers = { "content-type": type, "user-agent": "scene/1" };
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await server.send({ method, path, headers, ...sent });
      return JSON.parse(response.body) as Answered; // the server answers objects only
    },
    watch: (path) => watched(server, path),
  };
}

interface Event {
  readonly type: string;
  readonly object: {
    readonly code?: number;
    readonly metadata?: { readonly name?: string; readonly resourceVersion?: string; readonly annotations?: object };
  };
}

async function watched(server: ApiServer, path: string): Promise<Watched> {
  const stream = await server.open({ method: "GET", path: `${path}${path.includes("?") ? "&" : "?"}watch=true` });
  const events: string[] = [];
  let isOver = false;
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream.chunks) {
      const lines = decoder
        .decode(chunk)
        .split("\n")
        .filter((line) => line !== "");
      for (const line of lines) events.push(printed(JSON.parse(line) as Event)); // events of a watch
    }
    isOver = true;
  };
  void read();
  return { events, isOver: () => isOver, close: () => stream.close() };
}

function printed({ type, object: { code, metadata } }: Event): string {
  if (type === "ERROR") return `ERROR ${code}`;
  if (type !== "BOOKMARK") return `${type} ${metadata?.name}@${metadata?.resourceVersion}`;
  const isEnd = metadata?.annotations !== undefined;
  return `${isEnd ? "INITIAL-END" : "BOOKMARK"} ${metadata?.resourceVersion}`;
}

/** A field of a response, by its dotted path. */
export function at(value: unknown, path: string): unknown {
  let current = value;
  for (const key of path.split(".")) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Object.entries(current).find(([name]) => name === key)?.[1];
  }
  return current;
}
