import { dump } from "js-yaml";

/** A kubeconfig for a plain-HTTP API server at `url` and the namespace `default`. */
export function kubeconfigText(url: string): string {
  return dump({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "modelwright",
    clusters: [{ name: "modelwright", cluster: { server: url } }],
    users: [{ name: "modelwright", user: {} }],
    contexts: [{ name: "modelwright", context: { cluster: "modelwright", user: "modelwright", namespace: "default" } }],
  });
}
