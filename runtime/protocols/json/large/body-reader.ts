import type { Worker } from "node:worker_threads";
import { Fault } from "../../../base/fault.ts";
import { startedThread } from "../../../base/threads/program-threads.ts";
import type { SentFault } from "../../../base/threads/sent-fault.ts";
import { type MovedTensor, arrived } from "../../../dataplane/cargo.ts";
import { faults } from "../../../dataplane/faults.ts";
import type { NamedTensor } from "../../../dataplane/tensor.ts";

/** A body, and what else it takes to read it: values that can be cloned. */
export interface ReadingOrder {
  readonly body: Buffer;
}

/** What comes out. */
export interface ReadBody {
  readonly inputs?: readonly NamedTensor[];
}

/** Who reads a body: see `body-thread.ts`. */
export type ReaderName = "predict" | "infer" | "examples";

/** To the thread. */
export interface SentOrder<Order> {
  readonly id: number;
  readonly reader: ReaderName;
  readonly order: Order;
}

/** An input on its way from the thread. */
export interface SentInput extends Omit<NamedTensor, "tensor"> {
  readonly tensor: MovedTensor;
}

/** From the thread: what it read, its inputs apart. */
export type SentReading<Read> = { readonly id: number } & (
  | { readonly read: Omit<Read, "inputs">; readonly inputs?: readonly SentInput[] }
  | { readonly fault: SentFault }
);

/** Reads large bodies in a thread, which starts with the first of them and then stays. */
export interface BodyReader<Order extends ReadingOrder, Read extends ReadBody> {
  /**
   * `undefined` when the body is read as well where it is: one of little JSON, or one too many. `jsonBytes` is as announced: it may
   * be wrong, or no number. Else its memory goes to the thread. Rejects with the Fault that the thread's reader throws.
   */
  read(order: Order, jsonBytes: number): Promise<Read> | undefined;
}

/** JSON of so many bytes may take the time that others are to wait at most: some 25 ms for each mebibyte of hostile lists. */
const largeBytes = 512 * 1024;
/** Bodies that wait for a thread take no more memory than this, together. */
const maxWaitingBytes = 64 * 1024 ** 2;

interface Pending {
  readonly sizeBytes: number;
  readonly resolve: (reading: Extract<SentReading<object>, { readonly read: unknown }>) => void;
  readonly reject: (fault: Fault) => void;
}

const pending = new Map<number, Pending>();
let thread: Worker | undefined;
let waitingBytes = 0;
let lastId = 0;

/** A reader of this name. All share one thread. */
export function bodyReader<Order extends ReadingOrder, Read extends ReadBody>(
  reader: ReaderName,
): BodyReader<Order, Read> {
  return {
    read: (order, jsonBytes) => {
      const sizeBytes = order.body.length;
      const isLarge = Math.min(jsonBytes, sizeBytes) > largeBytes;
      if (!isLarge) return undefined;
      if (waitingBytes > 0 && waitingBytes + sizeBytes > maxWaitingBytes) return undefined;
      lastId += 1;
      waitingBytes += sizeBytes;
      const { promise, resolve, reject } = Promise.withResolvers<Read>();
      pending.set(lastId, {
        sizeBytes,
        resolve: ({ read, inputs }) =>
          resolve((inputs === undefined ? read : { ...read, inputs: inputs.map(received) }) as Read), // put together again
        reject,
      });
      thread ??= started();
      const sent: SentOrder<Order> = { id: lastId, reader, order };
      thread.postMessage(sent, memoryOf(order.body));
      return promise;
    },
  };
}

function started(): Worker {
  const worker = startedThread("bodies");
  worker.unref();
  worker.on("error", () => {}); // its end follows
  worker.on("message", (reading: SentReading<object>) => {
    const told = taken(reading.id);
    if ("read" in reading) told?.resolve(reading);
    else told?.reject(new Fault(reading.fault));
  });
  worker.once("exit", () => {
    thread = undefined;
    const reason = "the thread that reads large bodies ended";
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

function received({ tensor, ...named }: SentInput): NamedTensor {
  return { ...named, tensor: arrived(tensor) };
}

/** What moves with a body: memory that holds little else. */
function memoryOf({ length, buffer }: Buffer): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength < 4 * length ? [buffer] : [];
}
