import { createHash } from "node:crypto";
import type { Clock } from "../../../runtime/base/clock.ts";
import { Fault } from "../../../runtime/base/fault.ts";
import type { Log } from "../../../runtime/base/log.ts";
import type { Client } from "../../kube/client.ts";
import type { Event, KubeObject } from "../../kube/kinds.ts";
import { resources } from "../../kube/resources.ts";

/** What an event tells. */
export interface Happening {
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Writes events about objects. The same happening again counts up its event; nobody waits for a write. */
export interface EventRecorder {
  record(object: KubeObject, happening: Happening): void;
  /** Resolves when everything recorded so far has been written or given up. */
  flush(): Promise<void>;
}

/** In whose name events are written, and how. */
export interface EventRecorderOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** `source.component`: `kubelet`. */
  readonly component: string;
  /** `reportingInstance`: the node's name. */
  readonly instance: string;
}

interface Known {
  readonly name: string;
  readonly count: number;
}

/** Events remembered for counting; the oldest are forgotten and would start a new event. */
const rememberedEvents = 1024;

/** Writes events in the order in which they happen; what happens again counts up. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const known = new Map<string, Known>();
  let last: Promise<void> = Promise.resolve();
  return {
    record: (object, happening) => {
      const { uid = "", name = "", namespace = "default" } = object.metadata;
      const key = [uid, happening.type, happening.reason, happening.message].join("\n");
      const digest = createHash("sha256").update(key).digest("hex").slice(0, 16);
      const before = known.get(key);
      const event = { name: before?.name ?? `${name}.${digest}`, count: (before?.count ?? 0) + 1 };
      known.delete(key);
      known.set(key, event);
      for (const oldest of known.keys()) {
        if (known.size <= rememberedEvents) break;
        known.delete(oldest);
      }
      const stamp = `${new Date(options.clock.now()).toISOString().slice(0, 19)}Z`;
      last = last
        .then(() =>
          before === undefined
            ? options.client.create(resources.events, eventObject(object, happening, { event, stamp, options }))
            : options.client.mergePatch(
                resources.events,
                { namespace, name: event.name },
                { count: event.count, lastTimestamp: stamp },
              ),
        )
        .then(
          () => {},
          (thrown: unknown) =>
            options.log.debug("event lost", { event: event.name, cause: Fault.from(thrown).message }),
        );
    },
    flush: () => last,
  };
}

function eventObject(
  object: KubeObject,
  { type, reason, message }: Happening,
  { event, stamp, options }: { event: Known; stamp: string; options: EventRecorderOptions },
): Event {
  const { uid, name = "", namespace } = object.metadata;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: event.name, namespace: namespace ?? "default" },
    involvedObject: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
    },
    type,
    reason,
    message,
    count: event.count,
    firstTimestamp: stamp,
    lastTimestamp: stamp,
    source: { component: options.component },
    reportingComponent: options.component,
    reportingInstance: options.instance,
  };
}
