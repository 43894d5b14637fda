import { Buffer } from "node:buffer";
import { parentPort } from "node:worker_threads";
import { sentFault } from "../../../base/threads/sent-fault.ts";
import { cargo } from "../../../dataplane/cargo.ts";
import type { ReadBody, ReaderName, ReadingOrder, SentInput, SentOrder, SentReading } from "./body-reader.ts";

/** In the thread of all `BodyReader`s: answers their orders, one after the other. */
export function answerOrders(readers: Readonly<Record<ReaderName, (order: never) => ReadBody>>): void {
  parentPort?.on("message", ({ id, reader, order }: SentOrder<ReadingOrder>) => {
    try {
      const { buffer, byteOffset, byteLength } = order.body;
      const body = Buffer.from(buffer, byteOffset, byteLength);
      const { inputs, ...read } = readers[reader]({ ...order, body } as never); // whoever sent it knows what its reader takes
      if (inputs === undefined) {
        tell({ id, read });
        return;
      }
      const { tensors, memory } = cargo(
        inputs.map(({ tensor }) => tensor),
        true,
      );
      const sent = tensors.map((tensor, i): SentInput => ({ ...inputs[i], tensor }) as SentInput); // as many as there are inputs
      tell({ id, read, inputs: sent }, memory);
    } catch (thrown) {
      tell({ id, fault: sentFault(thrown) });
    }
  });
}

function tell(reading: SentReading<object>, memory: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(reading, memory);
}
