import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Calls `begin`, now or later, once all earlier requests of the connection have been answered. */
export type PipelineQueue = (request: IncomingMessage, response: ServerResponse, begin: () => void) => void;

/** Pipelined requests that may wait: more than 64 KiB of them usually hold. A client that sends more before an answer is abusive. */
const maxWaiting = 1_000;

/**
 * Serializes pipelined requests. Node's server starts every request that it reads: without this queue one connection could have
 * thousands of requests in flight, each with its own upstream connection and buffered response.
 */
export function pipelineQueue(): PipelineQueue {
  const waiting = new WeakMap<Socket, (() => void)[]>();
  const enter = (socket: Socket, response: ServerResponse, begin: () => void): void => {
    response.once("close", () => {
      const next = waiting.get(socket)?.shift();
      if (next === undefined) waiting.delete(socket);
      else if (!socket.destroyed) next();
    });
    begin();
  };
  return ({ socket }, response, begin) => {
    const queue = waiting.get(socket);
    if (queue === undefined) {
      waiting.set(socket, []);
      enter(socket, response, begin);
    } else if (queue.push(() => enter(socket, response, begin)) > maxWaiting) socket.destroy();
  };
}
