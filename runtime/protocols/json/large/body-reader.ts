import { getCompileCacheDir } from "node:module";
import { Worker } from "node:worker_threads";
import { Fault, type FaultLevel, type FaultRecord, type Retry } from "../../../base/fault.ts";
import { faults } from "../../../dataplane/faults.ts";
import type { NamedTensor, Tensor } from "../../../dataplane/tensor.ts";
import { type PackedTexts, unpackedTexts } from "./packed-texts.ts";

/** A body, and what else it takes to read it: values that can be cloned. */
export interface ReadingOrder {
  readonly body: Buffer;
}

/** What comes out. */
export interface ReadBody {
  readonly inputs?: readonly NamedTensor[];
}

/** To the thread. */
export interface SentOrder<Order> {
  readonly id: number;
  readonly order: Order;
}

/** An input on its way from the thread: its texts are packed. */
export interface SentInput extends Omit<NamedTensor, "tensor"> {
  readonly tensor:
    | Exclude<Tensor, { readonly dtype: "string" }>
    | { readonly dtype: "string"; readonly shape: readonly number[]; readonly data: PackedTexts };
}

/** From the thread: what it read, its inputs apart. */
export type SentReading<Read> = { readonly id: number } & (
  | { readonly read: Omit<Read, "inputs">; readonly inputs?: readonly SentInput[] }
  | { readonly fault: FaultRecord & { readonly retry: Retry; readonly level: FaultLevel } }
);

/** Reads large bodies in a thread of its own, which starts with the first and then stays. */
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

interface Pending<Read> {
  readonly sizeBytes: number;
  readonly resolve: (read: Read) => void;
  readonly reject: (fault: Fault) => void;
}

/** A reader whose thread begins in the file of this name, without its ending, beside the module with this URL: see `answerOrders`. */
export function bodyReader<Order extends ReadingOrder, Read extends ReadBody>(
  name: string,
  beside: string,
): BodyReader<Order, Read> {
  const pending = new Map<number, Pending<Read>>();
  let thread: Worker | undefined;
  let waitingBytes = 0;
  let lastId = 0;
  const taken = (id: number): Pending<Read> | undefined => {
    const told = pending.get(id);
    pending.delete(id);
    waitingBytes -= told?.sizeBytes ?? 0;
    return told;
  };
  const lost = (): void => {
    thread = undefined;
    const reason = "the thread that reads large bodies ended";
    for (const id of pending.keys()) taken(id)?.reject(faults.EngineLost({ reason }));
  };
  const started = (): Worker => {
    const worker = startedThread(name, beside);
    worker.on("message", (reading: SentReading<Read>) => {
      const told = taken(reading.id);
      if ("read" in reading) told?.resolve(received(reading));
      else told?.reject(new Fault(reading.fault));
    });
    worker.once("exit", lost);
    return worker;
  };
  return {
    read: (order, jsonBytes) => {
      const sizeBytes = order.body.length;
      const isLarge = Math.min(jsonBytes, sizeBytes) > largeBytes;
      if (!isLarge) return undefined;
      if (waitingBytes > 0 && waitingBytes + sizeBytes > maxWaitingBytes) return undefined;
      lastId += 1;
      waitingBytes += sizeBytes;
      const { promise, resolve, reject } = Promise.withResolvers<Read>();
      pending.set(lastId, { sizeBytes, resolve, reject });
      thread ??= started();
      const sent: SentOrder<Order> = { id: lastId, order };
      thread.postMessage(sent, memoryOf(order.body));
      return promise;
    },
  };
}

function received<Read extends ReadBody>({ read, inputs }: Extract<SentReading<Read>, { read: unknown }>): Read {
  return (inputs === undefined ? read : { ...read, inputs: inputs.map(receivedInput) }) as Read; // put together again
}

function receivedInput({ tensor, ...named }: SentInput): NamedTensor {
  if (tensor.dtype !== "string") return { ...named, tensor };
  return { ...named, tensor: { ...tensor, data: unpackedTexts(tensor.data) } };
}

/** What moves with a body: memory that holds little else. */
function memoryOf({ length, buffer }: Buffer): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength < 4 * length ? [buffer] : [];
}

function startedThread(name: string, beside: string): Worker {
  const cache = getCompileCacheDir();
  const worker = new Worker(new URL(`./${name}${beside.endsWith(".ts") ? ".ts" : ".js"}`, beside), {
    env: cache === undefined ? {} : { NODE_COMPILE_CACHE: cache },
    execArgv: [],
  });
  worker.unref();
  worker.on("error", () => {}); // its end follows
  return worker;
}
