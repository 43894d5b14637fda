import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { join } from "node:path";

import type { Cluster, KubeConfig } from "@kubernetes/client-node";

import { kubeFaults } from "./faults.ts";

/** TLS of a connection, in the words of `node:tls`. */
export interface TlsFacts {
  readonly ca?: RequestOptions["ca"];
  readonly cert?: RequestOptions["cert"];
  readonly key?: RequestOptions["key"];
  readonly servername?: string | undefined;
  readonly rejectUnauthorized?: boolean | undefined;
}

/** What proves to the server who we are. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsFacts;
}

/** Where an API server is and how to be let in. */
export interface Connection {
  /** Without a slash at the end: `https://10.0.0.1:6443`. */
  readonly server: string;
  /** Namespace of the context, for commands that name none. */
  readonly namespace: string | undefined;
  readonly proxyUrl: string | undefined;
  /** With `fresh`, tokens and certificates are read or made anew instead of taken from memory. */
  credentials(fresh: boolean): Promise<Credentials>;
}

/** Where a connection's facts come from. Without a path: kubectl's order (KUBECONFIG, ~/.kube/config, in-cluster). */
export interface ConnectionSource {
  readonly kubeconfigPath?: string;
  /** Default: the current context. */
  readonly context?: string;
}

/** Reads a kubeconfig. Throws BadKubeconfig when it names no cluster to talk to. */
export async function loadConnection(source: ConnectionSource = {}): Promise<Connection> {
  // Loaded on demand: it costs time and memory that local mode need not pay.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const path = source.kubeconfigPath ?? "the default kubeconfig";
  const config = new KubeConfig();
  try {
    fill(config, source);
  } catch (thrown) {
    throw kubeFaults.BadKubeconfig({ path, cause: thrown instanceof Error ? thrown.message : String(thrown) }, thrown);
  }
  const context = config.getContextObject(config.currentContext);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw kubeFaults.BadKubeconfig({
      path,
      cause: `context ${JSON.stringify(config.currentContext)} names no cluster`,
    });
  }
  if (cluster.proxyUrl?.startsWith("socks") === true) {
    throw kubeFaults.BadKubeconfig({ path, cause: `proxy-url is ${cluster.proxyUrl}; must be http or https` });
  }
  return connectionOf(() => copyOf(config, new KubeConfig()), context?.namespace, cluster);
}

function fill(config: KubeConfig, { kubeconfigPath, context }: ConnectionSource): void {
  if (kubeconfigPath !== undefined) config.loadFromFile(kubeconfigPath);
  else config.loadFromDefault();
  if (context !== undefined) config.setCurrentContext(context);
}

/** Where a pod finds its API server. */
export interface InCluster {
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, which every pod is given. */
  readonly host: string;
  readonly port: string;
  /** Where the service account is mounted. Default: where the kubelet mounts it. */
  readonly folder?: string;
}

/**
 * The connection of a pod by its service account, without loading client-node: that costs half a second at the start and
 * 50 MB as long as it runs. The token is read whenever it is asked for: the kubelet renews it in place.
 */
export async function inClusterConnection({
  host,
  port,
  folder = "/var/run/secrets/kubernetes.io/serviceaccount",
}: InCluster): Promise<Connection> {
  const read = async (name: string): Promise<string> => {
    const path = join(folder, name);
    try {
      return await readFile(path, "utf8");
    } catch (thrown) {
      throw kubeFaults.NoServiceAccount(
        { path, cause: thrown instanceof Error ? thrown.message : String(thrown) },
        thrown,
      );
    }
  };
  const ca = await read("ca.crt");
  const namespace = await read("namespace");
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    namespace: namespace.trim(),
    proxyUrl: undefined,
    async credentials() {
      const token = await read("token");
      return { headers: { authorization: `Bearer ${token.trim()}` }, tls: { ca } };
    },
  };
}

/** A connection without TLS and credentials, as the API-server model listens. */
export function plainConnection(server: string): Connection {
  return {
    server: server.replace(/\/$/, ""),
    namespace: undefined,
    proxyUrl: undefined,
    credentials: () => Promise.resolve({ headers: {}, tls: {} }),
  };
}

function connectionOf(copied: () => KubeConfig, namespace: string | undefined, cluster: Cluster): Connection {
  let config = copied();
  return {
    server: cluster.server.replace(/\/$/, ""),
    namespace,
    proxyUrl: cluster.proxyUrl,
    async credentials(fresh) {
      // Tokens are remembered inside the KubeConfig, some without an end: a new one forgets them.
      if (fresh) config = copied();
      const options: RequestOptions & { auth?: string } = {};
      await config.applyToHTTPSOptions(options);
      return { headers: headersOf(options), tls: tlsOf(options) };
    },
  };
}

/** KubeConfig refuses plain http unless `skipTLSVerify` is set; there it has no meaning. */
function copyOf(config: KubeConfig, copy: KubeConfig): KubeConfig {
  const clusters = config.clusters.map((cluster) =>
    cluster.server.startsWith("http:") ? { ...cluster, skipTLSVerify: true } : cluster,
  );
  const { users, contexts, currentContext } = config;
  copy.loadFromOptions({ clusters, users, contexts, currentContext });
  return copy;
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) result[name.toLowerCase()] = String(value);
  if (typeof auth === "string") result["authorization"] = `Basic ${Buffer.from(auth).toString("base64")}`;
  return result;
}

function tlsOf({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): TlsFacts {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}
