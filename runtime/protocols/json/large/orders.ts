import { Buffer } from "node:buffer";
import { parentPort } from "node:worker_threads";
import { Fault } from "../../../base/fault.ts";
import type { NamedTensor, Tensor } from "../../../dataplane/tensor.ts";
import type { ReadBody, ReadingOrder, SentOrder, SentReading } from "./body-reader.ts";

/** In a thread that a `BodyReader` started: answers its orders, one after the other. */
export function answerOrders(reading: (order: never) => ReadBody): void {
  parentPort?.on("message", ({ id, order }: SentOrder<ReadingOrder>) => {
    try {
      const { buffer, byteOffset, byteLength } = order.body;
      const body = Buffer.from(buffer, byteOffset, byteLength);
      const read = reading({ ...order, body } as never); // whoever started the thread knows what it takes
      const inputs = read.inputs?.map(withOwnMemory);
      tell({ id, read: inputs === undefined ? read : { ...read, inputs } }, inputs);
    } catch (thrown) {
      const { record, retry, level } = Fault.from(thrown);
      tell({ id, fault: { ...record, retry, level } });
    }
  });
}

/** A part of a body is copied, so that the rest need not move with it. */
function withOwnMemory(named: NamedTensor): NamedTensor {
  const { tensor } = named;
  if (tensor.dtype === "string" || tensor.data.byteLength === tensor.data.buffer.byteLength) return named;
  return { ...named, tensor: { ...tensor, data: tensor.data.slice() } as Tensor }; // the same element type as before
}

function tell(reading: SentReading<ReadBody>, inputs: readonly NamedTensor[] = []): void {
  const memory = new Set<ArrayBuffer>();
  for (const { tensor } of inputs) {
    if (tensor.dtype !== "string" && tensor.data.buffer instanceof ArrayBuffer) memory.add(tensor.data.buffer);
  }
  parentPort?.postMessage(reading, [...memory]);
}
