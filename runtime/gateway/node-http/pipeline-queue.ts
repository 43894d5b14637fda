import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Calls back when all requests that came before on the same connection have been answered: now or later. */
export type RequestTurns = (request: IncomingMessage, response: ServerResponse, begin: () => void) => void;

/** More than a packet of 64 KiB has of the shortest requests: who sends so many before an answer means no good. */
const maxWaiting = 1_000;

/**
 * Node's server reads whatever a client sends before it has its answers. Without turns a connection would have thousands of
 * requests at pods at once, each with a connection and an answer of its own there.
 */
export function requestTurns(): RequestTurns {
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
