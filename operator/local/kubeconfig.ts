import { dump } from "js-yaml";

/** A kubeconfig for a plain-http API server at `url`, with `default` as the namespace. */
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
