import type { Clock } from "../../../../runtime/base/clock.ts";
import { Fault } from "../../../../runtime/base/fault.ts";
import type { Log } from "../../../../runtime/base/log.ts";
import type { Client } from "../../../kube/client.ts";
import type { Pod, Stored } from "../../../kube/kinds.ts";
import { resources } from "../../../kube/resources.ts";

type PodStatus = NonNullable<Pod["status"]>;

/** Whose status is written, and what it is. */
export interface StatusWriterOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly pod: Pod & Stored;
  /** The status as it should be now, given what was written last. */
  readonly current: (written: PodStatus | undefined) => PodStatus;
}

/** Writes a pod's status: one write at a time, none when nothing changed, again after a failure until the pod is gone. */
export interface StatusWriter {
  changed(): void;
  /** Resolves when the status as of now is written, or the pod is gone. */
  flush(): Promise<void>;
  /** Like `flush`, but gives up soon when the server does not answer; nothing is written afterwards. */
  close(): Promise<void>;
}

const retryMs = 500;
/** `flush` must end even when the server is away. */
const attemptLimit = 20;
const closeLimitMs = 1_000;

/** Writes a pod's status one write at a time; what changes meanwhile goes into the next. */
export function createStatusWriter({ client, clock, log, pod, current }: StatusWriterOptions): StatusWriter {
  const { namespace, name, uid } = pod.metadata;
  let written = pod.status;
  let isGone = false;
  let isDirty = false;
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    for (let attempt = 0; isDirty && !isGone && attempt < attemptLimit;) {
      isDirty = false;
      const status = current(written);
      if (JSON.stringify(status) === JSON.stringify(written)) continue;
      try {
        // The uid makes the write fail for a pod of the same name that came later.
        await client.mergePatch(
          resources.pods,
          { namespace, name },
          { metadata: { uid }, status },
          { subresource: "status" },
        );
        written = status;
      } catch (thrown) {
        const fault = Fault.from(thrown);
        isGone = fault.code === "NotFound" || fault.code === "Conflict";
        if (isGone) return;
        log.warn("pod status not written", { pod: name, cause: fault.message });
        attempt++;
        isDirty = true;
        await clock.sleep(retryMs);
      }
    }
  };
  const changed = (): void => {
    isDirty = true;
    writing ??= write().finally(() => (writing = undefined));
  };
  const flush = async (): Promise<void> => {
    changed();
    await writing;
  };
  return {
    changed,
    flush,
    close: async () => {
      const closing = new AbortController();
      await Promise.race([flush(), clock.sleep(closeLimitMs, closing.signal)]);
      closing.abort();
      isGone = true;
    },
  };
}
