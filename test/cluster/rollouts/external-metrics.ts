import { once } from "node:events";
import { createServer } from "node:https";

import type { Client } from "../../../operator/kube/client.ts";
import type { KubeObject } from "../../../operator/kube/kinds.ts";
import { type Resource, resources } from "../../../operator/kube/resources.ts";
import { systemNamespace } from "../../../operator/model-deployment/resources/labels.ts";

/** A server of the external metric `load` for HorizontalPodAutoscalers in any namespace. */
export interface ExternalMetrics {
  value: number;
  stop(): Promise<void>;
}

const group = "external.metrics.k8s.io";
const version = "v1beta1";
const apiVersion = `${group}/${version}`;
const apiServices: Resource = {
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  plural: "apiservices",
  namespaced: false,
};
const kind = { name: "load", singularName: "", namespaced: true, kind: "ExternalMetricValueList", verbs: ["get"] };

/** Serves the external metrics API on this machine and registers it with the API server, which reaches it as `localhost`. */
export async function startExternalMetrics(
  client: Client,
  tls: { readonly cert: string; readonly key: string },
): Promise<ExternalMetrics> {
  const metrics = { value: 0 };
  const server = createServer(tls, ({ url = "" }, response) => {
    const isList = url.includes("/namespaces/");
    const item = { metricName: kind.name, metricLabels: {}, timestamp: new Date().toISOString() };
    const list = { kind: kind.kind, apiVersion, metadata: {}, items: [{ ...item, value: String(metrics.value) }] };
    const known = { kind: "APIResourceList", apiVersion: "v1", groupVersion: apiVersion, resources: [kind] };
    response.setHeader("content-type", "application/json").end(JSON.stringify(isList ? list : known));
  });
  await once(server.listen(0, "localhost"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the metrics are served on no port");
  const metadata = { name: "external-metrics", namespace: systemNamespace };
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { type: "ExternalName", externalName: "localhost" },
  };
  await client.apply(resources.services, service);
  const spec = {
    group,
    version,
    service: { ...metadata, port: address.port },
    insecureSkipTLSVerify: true,
    groupPriorityMinimum: 100,
    versionPriority: 100,
  };
  const registration: KubeObject & { readonly spec: object } = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: `${version}.${group}` },
    spec,
  };
  await client.apply(apiServices, registration);
  return Object.assign(metrics, {
    async stop() {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  });
}
