import type { ApiServer } from "../../../operator/local/api-server/api-server.ts";
import type { ApiObject } from "../../../operator/local/api-server/values/api-object.ts";
import type { KubeRequest } from "../../../operator/kube/transport.ts";
import { subjectOf } from "./ledger.ts";

/** The events that a lagging API server sends for a streaming list: the consistent state at an earlier revision. */
export function staleInitialEvents(
  server: ApiServer,
  request: KubeRequest,
  revision: number,
): readonly unknown[] | undefined {
  const { plural, namespace } = subjectOf(request);
  const collection = server.store.collections().find(({ key }) => key.startsWith(`${plural}.`));
  const changes = collection?.history.after(revision);
  if (collection === undefined || changes === undefined) return undefined;
  const byUid = new Map(collection.records("").map(({ object }) => [object.metadata.uid, object]));
  for (const { record, before } of changes.toReversed()) {
    if (before === undefined) byUid.delete(record.object.metadata.uid);
    else byUid.set(before.object.metadata.uid, before.object);
  }
  const query = new URLSearchParams(request.path.split("?")[1] ?? "");
  const events = [...byUid.values()]
    .filter((object) => namespace === undefined || object.metadata["namespace"] === namespace)
    .filter((object) => isSelected(object, query))
    .map((object) => ({ type: "ADDED", object }));
  const metadata = {
    resourceVersion: String(revision),
    annotations: { "k8s.io/initial-events-end": "true" },
  };
  return [...events, { type: "BOOKMARK", object: { metadata } }];
}

function isSelected(object: ApiObject, query: URLSearchParams): boolean {
  if (query.has("fieldSelector")) return false;
  const labels = object.metadata["labels"] as Readonly<Record<string, string>> | undefined; // as every stored object has them
  return (query.get("labelSelector") ?? "")
    .split(",")
    .filter((term) => term !== "")
    .every((term) => {
      const [key = "", value] = term.split("=");
      const present = labels?.[key];
      return present !== undefined && (value === undefined || value === present);
    });
}
