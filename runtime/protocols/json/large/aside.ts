import type { Worker } from "node:worker_threads";
import { Fault } from "../../../base/fault.ts";
import { startProgramThread } from "../../../base/threads/program-threads.ts";
import type { SerializedFault } from "../../../base/threads/serialized-fault.ts";
import { faults } from "../../../dataplane/faults.ts";
import { type Parcel, type SentParcel, openedParcel, sentParcel } from "./parcel.ts";

/** What the thread of large bodies does: see `body-thread.ts`. */
export type BodyTask = ReadingTask | WritingTask;
/** Decodes a request body. */
export type ReadingTask = "read predict" | "read infer" | "read examples";
/** Encodes a response body. */
export type WritingTask =
  | "write predict"
  | "write infer"
  | "write inference"
  | "write classify"
  | "write regress"
  | "write classification"
  | "write regression"
  | "write inferences";

/** To the thread. */
export interface SentOrder extends SentParcel {
  readonly id: number;
  readonly task: BodyTask;
}

/** From the thread. */
export type SentAnswer = { readonly id: number } & (SentParcel | { readonly fault: SerializedFault });

/** What waits for the thread takes no more memory than this, together. */
const maxWaitingBytes = 64 * 1024 ** 2;

interface Pending {
  readonly sizeBytes: number;
  readonly resolve: (answer: Parcel) => void;
  readonly reject: (fault: Fault) => void;
}

const pending = new Map<number, Pending>();
let thread: Worker | undefined;
let waitingBytes = 0;
let lastId = 0;

/**
 * Has a task done in the thread of large bodies, which starts with the first of them and then stays. `undefined` when it is one too
 * many. Rejects with the Fault that is thrown there.
 */
export function aside(task: BodyTask, parcel: Parcel, sizeBytes: number): Promise<Parcel> | undefined {
  if (waitingBytes > 0 && waitingBytes + sizeBytes > maxWaitingBytes) return undefined;
  lastId += 1;
  waitingBytes += sizeBytes;
  const { promise, resolve, reject } = Promise.withResolvers<Parcel>();
  pending.set(lastId, { sizeBytes, resolve, reject });
  const [sent, memory] = sentParcel(parcel, false);
  const order: SentOrder = { ...sent, id: lastId, task };
  thread ??= started();
  thread.postMessage(order, memory);
  return promise;
}

function started(): Worker {
  const worker = startProgramThread("bodies");
  worker.unref();
  worker.on("error", () => {}); // its end follows
  worker.on("message", (answer: SentAnswer) => {
    const told = taken(answer.id);
    if ("fault" in answer) told?.reject(new Fault(answer.fault));
    else told?.resolve(openedParcel(answer));
  });
  worker.once("exit", () => {
    thread = undefined;
    const reason = "the thread of large bodies ended";
    for (const id of pending.keys()) taken(id)?.reject(faults.EngineLost({ reason }));
  });
  return worker;
}

function taken(id: number): Pending | undefined {
  const told = pending.get(id);
  pending.delete(id);
  waitingBytes -= told?.sizeBytes ?? 0;
  return told;
}
