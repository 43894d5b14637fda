import { Buffer } from "node:buffer";
import { parentPort } from "node:worker_threads";
import { Fault } from "../../../base/fault.ts";
import type { NamedTensor, Tensor } from "../../../dataplane/tensor.ts";
import type { ReadBody, ReadingOrder, SentInput, SentOrder, SentReading } from "./body-reader.ts";
import { packedTexts } from "./packed-texts.ts";

/** In a thread that a `BodyReader` started: answers its orders, one after the other. */
export function answerOrders(reading: (order: never) => ReadBody): void {
  parentPort?.on("message", ({ id, order }: SentOrder<ReadingOrder>) => {
    try {
      const { buffer, byteOffset, byteLength } = order.body;
      const body = Buffer.from(buffer, byteOffset, byteLength);
      const { inputs, ...read } = reading({ ...order, body } as never); // whoever started the thread knows what it takes
      const sent = inputs?.map(sentInput);
      tell({ id, read, ...(sent === undefined ? {} : { inputs: sent }) }, sent);
    } catch (thrown) {
      const { record, retry, level } = Fault.from(thrown);
      tell({ id, fault: { ...record, retry, level } });
    }
  });
}

/** Texts are packed, and a part of a body is copied, so that the rest need not move with it. */
function sentInput(named: NamedTensor): SentInput {
  const { tensor } = named;
  if (tensor.dtype === "string") {
    const { shape, data } = tensor;
    return { ...named, tensor: { dtype: "string", shape, data: packedTexts(data) } };
  }
  const { data } = tensor;
  if (data.byteLength === data.buffer.byteLength) return { ...named, tensor };
  return { ...named, tensor: { ...tensor, data: data.slice() } as Exclude<Tensor, { dtype: "string" }> }; // the same element type as before
}

function tell(reading: SentReading<object>, inputs: readonly SentInput[] = []): void {
  const memory = new Set<ArrayBufferLike>();
  for (const { tensor } of inputs) {
    if (tensor.dtype === "string") memory.add(tensor.data.bytes.buffer).add(tensor.data.ends.buffer);
    else memory.add(tensor.data.buffer);
  }
  parentPort?.postMessage(
    reading,
    [...memory].filter((buffer) => buffer instanceof ArrayBuffer),
  );
}
