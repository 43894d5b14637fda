import { readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { json } from "node:stream/consumers";

import { readYaml } from "../../crds/schema/yaml.ts";
import type { ClusterAccess } from "../cluster/control-plane.ts";

/** Response of a kube-apiserver to one object. */
export interface ServerAnswer {
  readonly code: number;
  /** Sorted lines of `details.causes`, such as `spec.model: Required value`. */
  readonly issues: readonly string[];
  readonly message: string;
  /** The returned object, if it was accepted. */
  readonly object: unknown;
}

/** Sends objects as dry runs, over a few connections. */
export interface DryRun {
  create(object: unknown, fieldValidation: "Ignore" | "Strict"): Promise<ServerAnswer>;
  /** Replaces the status of a stored object. */
  replaceStatus(object: unknown): Promise<ServerAnswer>;
  close(): void;
}

interface Status {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

/** Opens connections for dry runs of ModelDeployments in a namespace. kubectl would take 0.1 s for each. */
export async function openDryRun(cluster: ClusterAccess, namespace: string): Promise<DryRun> {
  const agent = new Agent({ ...(await credentials(cluster)), keepAlive: true, maxSockets: 8 });
  const collection = `${cluster.url}/apis/modelwright.dev/v1alpha1/namespaces/${namespace}/modeldeployments`;
  return {
    create: (object, fieldValidation) =>
      send(agent, "POST", `${collection}?dryRun=All&fieldValidation=${fieldValidation}`, object),
    replaceStatus: (object) => {
      const name = String(Object(object).metadata.name);
      return send(agent, "PUT", `${collection}/${name}/status?dryRun=All&fieldValidation=Ignore`, object);
    },
    close: () => agent.destroy(),
  };
}

async function send(agent: Agent, method: string, url: string, object: unknown): Promise<ServerAnswer> {
  const { code, body } = await exchange(agent, method, url, JSON.stringify(object));
  const status: Status = Object(body);
  const causes = status.details?.causes ?? [];
  const issues = causes.map(({ field, message }) => `${field}: ${message}`).sort();
  return { code, issues, message: status.message ?? "", object: body };
}

async function credentials(cluster: ClusterAccess): Promise<{ ca: Buffer; cert: Buffer; key: Buffer }> {
  const text = await readFile(cluster.kubeconfigPath, "utf8");
  const [config] = readYaml(text, cluster.kubeconfigPath);
  const user = Object(config).users[0].user;
  const decoded = (name: string) => Buffer.from(String(user[name]), "base64");
  return {
    ca: await readFile(cluster.caPath),
    cert: decoded("client-certificate-data"),
    key: decoded("client-key-data"),
  };
}

function exchange(agent: Agent, method: string, url: string, text: string): Promise<{ code: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const sent = request(url, { agent, method, headers }, (response) => {
      json(response).then((body) => resolve({ code: response.statusCode ?? 0, body }), reject);
    });
    sent.on("error", reject);
    sent.end(text);
  });
}
