import type { Reply } from "./connection.ts";
import type { Target } from "./requests.ts";
import { selects } from "./selection.ts";
import type { ChangeType, Entry, StoredObject, Store } from "./store.ts";

/** Number of events per write. */
const batch = 50;

/**
 * The reply to a watch request, with the initial state if no resourceVersion is given. There is no history: a resourceVersion before
 * the kind's newest change has expired.
 */
export function watchReply(store: Store, { plural, namespace }: Target, query: URLSearchParams): Reply {
  const collection = store.collection(plural);
  const isSelected = selects(namespace, query);
  const since = query.get("resourceVersion");
  const watch: Extract<Reply, { watch: unknown }>["watch"] = (stream) => {
    if (since !== null && Number(since) < collection.newest) {
      stream.write(line("ERROR", JSON.stringify(expired)));
      stream.end();
      return () => {};
    }
    const backlog: string[] = since === null ? initialEvents(store, plural, isSelected) : [];
    let isWriting = false;
    const write = (): void => {
      isWriting = true;
      while (backlog.length > 0) {
        if (!stream.write(backlog.splice(0, batch).join(""))) return stream.onDrain(write);
      }
      isWriting = false;
    };
    const watcher = (type: ChangeType, { object, text }: Entry): void => {
      if (!isSelected(object)) return;
      backlog.push(line(type, text));
      if (!isWriting) write();
    };
    collection.watchers.add(watcher);
    write();
    return () => void collection.watchers.delete(watcher);
  };
  return { status: 200, watch };
}

const expired = {
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: "too old resource version",
  reason: "Expired",
  code: 410,
};

function line(type: ChangeType | "ERROR" | "BOOKMARK", text: string): string {
  return `{"type":"${type}","object":${text}}\n`;
}

function initialEvents(store: Store, plural: string, isSelected: (object: StoredObject) => boolean): string[] {
  const lines: string[] = [];
  for (const { object, text } of store.collection(plural).entries.values()) {
    if (isSelected(object)) lines.push(line("ADDED", text));
  }
  const annotations = { "k8s.io/initial-events-end": "true" };
  const metadata = { resourceVersion: String(store.version()), annotations };
  return [...lines, line("BOOKMARK", JSON.stringify({ kind: "Bookmark", apiVersion: "v1", metadata }))];
}
