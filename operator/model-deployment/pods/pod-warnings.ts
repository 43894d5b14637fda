import type { WatchSink } from "../../kube/cache.ts";
import type { Selection } from "../../kube/client.ts";
import type { Event, Stored } from "../../kube/kinds.ts";
import { warningReasons } from "../plan/diagnosis.ts";
import { mayBePodName } from "../resources/names.ts";
import type { PodWarning } from "../snapshot.ts";

/** The last relevant warning event of each pod, filled by a watch of events. A cache of all events would be larger than that of pods. */
export interface PodWarnings extends WatchSink<Event> {
  latest(podUid: string): PodWarning | undefined;
  /** The pod is gone. */
  forget(podUid: string): void;
  /** Calls `onChange` with the pod whose warning is new or gone. */
  subscribe(onChange: (podUid: string) => void): void;
}

/** The most frequent reasons, which pod status shows as well. */
const reasonsInPodStatus = ["FailedScheduling", "BackOff", "Failed"];

/** Selects warnings about pods that only events report, in one namespace or in all. */
export function podWarningSelection(namespace: string | undefined): Selection {
  const fields = [
    "involvedObject.kind=Pod",
    "type=Warning",
    ...reasonsInPodStatus.map((reason) => `reason!=${reason}`),
  ];
  return { namespace, fieldSelector: fields.join(",") };
}

interface Known extends PodWarning {
  readonly eventUid: string;
}

/** Starts without warnings. */
export function createPodWarnings(): PodWarnings {
  const known = new Map<string, Known>();
  const subscribers: ((podUid: string) => void)[] = [];
  const notify = (podUid: string): void => subscribers.forEach((subscriber) => subscriber(podUid));
  const put = (event: Event & Stored): void => {
    const { involvedObject, reason, message, metadata } = event;
    const { uid = "", name } = involvedObject;
    const atMs = Date.parse(event.lastTimestamp ?? event.firstTimestamp ?? metadata.creationTimestamp ?? "") || 0;
    const before = known.get(uid);
    if (!warningReasons.has(reason) || !mayBePodName(name)) return;
    if (before !== undefined && before.atMs > atMs) return;
    known.set(uid, { reason, message, atMs, eventUid: metadata.uid });
    notify(uid);
  };
  return {
    latest: (podUid) => known.get(podUid),
    forget: (podUid) => void known.delete(podUid),
    subscribe: (onChange) => void subscribers.push(onChange),
    replace(events) {
      const before = [...known.keys()];
      known.clear();
      events.forEach(put);
      before.filter((podUid) => !known.has(podUid)).forEach(notify);
    },
    upsert: put,
    remove({ involvedObject: { uid = "" }, metadata }) {
      if (known.get(uid)?.eventUid !== metadata.uid) return;
      known.delete(uid);
      notify(uid);
    },
    bookmark() {},
  };
}
