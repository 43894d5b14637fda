import type { Buffer } from "node:buffer";
import { faults } from "../faults.ts";
import { CallRefusedError } from "./call-status.ts";
import type { GrpcCall } from "./grpc-call.ts";
import { plainMessage, type RawMessage } from "./message-reader.ts";

/** Requests of a call that sends many, and what tells that nobody waits for answers any more. */
export interface RequestQueue {
  readonly requests: AsyncIterable<Buffer>;
  readonly left: AbortController;
}

/** So many requests may wait for their turn: then the client is held. */
const maxWaiting = 16;

/** Takes requests as they come, and hands them on one after the other. */
export function requestQueue(call: GrpcCall, maxBytes: number): RequestQueue {
  const left = new AbortController();
  const waiting: RawMessage[] = [];
  let isLast = false;
  let wake = (): void => {};
  call.listen({
    message: (message) => {
      waiting.push(message);
      if (waiting.length >= maxWaiting) call.pause();
      wake();
    },
    ended: () => {
      isLast = true;
      wake();
    },
    cancelled: () => {
      left.abort();
      wake();
    },
  });
  async function* requests(): AsyncGenerator<Buffer> {
    for (;;) {
      if (left.signal.aborted) throw faults.ClientGone({});
      const message = waiting.shift();
      if (message !== undefined) {
        if (waiting.length === 0) call.resume();
        yield await plainOrRefused(call, message, maxBytes);
      } else if (isLast) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return { requests: requests(), left };
}

async function plainOrRefused(call: GrpcCall, message: RawMessage, maxBytes: number): Promise<Buffer> {
  try {
    return await plainMessage(message, call.encoding, maxBytes);
  } catch (thrown) {
    if (thrown instanceof CallRefusedError) call.end({ code: thrown.code, details: thrown.message });
    throw thrown;
  }
}
