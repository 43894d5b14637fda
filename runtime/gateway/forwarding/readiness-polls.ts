import { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import { releaseHeld } from "../routing/hold.ts";
import { type LivePod, type LiveRoute, setAside, takeBack } from "../routing/live.ts";
import type { Receiver } from "../upstream/connection.ts";
import type { Connections } from "../upstream/connections.ts";
import type { ResponseHead } from "../upstream/response-head.ts";

/** Who waits for its model is waited for: nobody else is to find out by a request that it has it. */
const askMs = 250;
/** A pod whose threads load a model may be slow to say so. */
const answerMs = 5_000;

/**
 * To be told of a pod that answered that it loads its model: its container was started again in place, and the table, which
 * lags behind, still names it. It gets nothing until the table names it anew, or until it says itself that it is ready.
 */
export function recoveries(clock: Clock, connections: Connections): (live: LiveRoute, pod: LivePod) => void {
  return (live, pod) => {
    if (!setAside(live, pod)) return;
    const look = (): void => {
      if (!pod.isLeaving) ask(pod, live.route.model, clock, connections).then(heard, heard);
    };
    const heard = (isReady: unknown): void => {
      if (isReady !== true) {
        clock.after(askMs, look);
        return;
      }
      takeBack(live, pod, clock.monotonic());
      releaseHeld(live);
    };
    clock.after(askMs, look);
  };
}

/** Asks as the Open Inference Protocol does. What is no such answer of ours says nothing against the pod. */
function ask(pod: LivePod, model: string, clock: Clock, connections: Connections): Promise<boolean> {
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
  const connection = connections.connection(pod, true);
  const cancel = clock.after(answerMs, () => {
    connection.destroy();
    resolve(false);
  });
  connection.send(Buffer.from(head), { isWhole: true, isHead: false }, receiver);
  return promise.finally(cancel);
}

const unavailable = 503;
