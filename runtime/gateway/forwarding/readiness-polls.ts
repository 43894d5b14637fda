import { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import { releaseHeld } from "../routing/hold.ts";
import { type LivePod, type LiveRoute, markLoading, markReady } from "../routing/live-route.ts";
import type { Receiver } from "../upstream/connection.ts";
import type { ConnectionPool } from "../upstream/connection-pool.ts";
import type { ResponseHead } from "../upstream/response-head.ts";

/** Readiness is polled, not probed with clients' requests. */
const pollMs = 250;
/** A pod that is busy loading a model may respond slowly. */
const pollTimeoutMs = 5_000;

/**
 * Returns a callback for pods that responded that they are loading their model: the container was restarted in place, and the
 * table, which lags behind, still lists the pod. It gets no requests until a table lists it anew, or until a poll finds it ready.
 */
export function readinessPolls(clock: Clock, http1Pool: ConnectionPool): (live: LiveRoute, pod: LivePod) => void {
  return (live, pod) => {
    if (!markLoading(live, pod)) return;
    const poll = (): void => {
      if (!pod.isLeaving) isModelReady(pod, live.route.model, clock, http1Pool).then(polled, polled);
    };
    const polled = (isReady: unknown): void => {
      if (isReady !== true) {
        clock.after(pollMs, poll);
        return;
      }
      markReady(live, pod, clock.monotonic());
      releaseHeld(live);
    };
    clock.after(pollMs, poll);
  };
}

/** Asks for model readiness by the Open Inference Protocol. Any response counts as ready, except 503 and one with the not-ready header. */
function isModelReady(pod: LivePod, model: string, clock: Clock, http1Pool: ConnectionPool): Promise<boolean> {
  const head = `GET /v2/models/${encodeURIComponent(model)}/ready HTTP/1.1\r\nhost: ${pod.address}\r\n\r\n`;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let isReady = false;
  const receiver: Receiver = {
    onReady: () => {},
    onHead: ({ status, isNotReady }: ResponseHead) => {
      isReady = status !== unavailable && !isNotReady;
    },
    onData: () => true,
    onEnd: () => resolve(isReady),
    onDrain: () => {},
    onFailed: () => resolve(false),
  };
  const connection = http1Pool.connection(pod, true);
  const cancel = clock.after(pollTimeoutMs, () => {
    connection.destroy();
    resolve(false);
  });
  connection.send(Buffer.from(head), { isWhole: true, isHead: false }, receiver);
  return promise.finally(cancel);
}

const unavailable = 503;
