import type { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { ConnectionLimits } from "../../server/http-server.ts";
import { headReader } from "../../server/plain-http/request-head.ts";
import type { Client } from "../proxy/client.ts";
import { PlainConnection, type PlainTerms } from "./plain-connection.ts";

interface LaneOptions {
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  /** Called with each request. */
  readonly take: (client: Client) => void;
  /** While true, answers end their connection. */
  readonly isEnding: () => boolean;
}

/**
 * Connections of HTTP/1.1 whose requests are plain, as `plainHead` of the runtime's server has it: each is answered here, for
 * about half of what Node's HTTP server costs, until it sends a request that is not.
 */
export interface PlainLane {
  /** Takes a new connection; `passOn` gets it, with what has been read put back, when a request needs a whole HTTP server. */
  readonly take: (socket: Socket, passOn: (socket: Socket) => void) => void;
  /** Ends idle connections now and others after their answer. */
  readonly close: () => void;
  /** Ends all connections now. */
  readonly cut: () => void;
}

/** How often connections are looked at. */
const checkMs = 1_000;
/** As Node's server tells it. */
const timedOut = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

/** A lane without connections; it watches over their time limits while there are any. */
export function plainLane({ limits, clock, take, isEnding }: LaneOptions): PlainLane {
  const connections = new Map<PlainConnection, (socket: Socket) => void>();
  let ticks = 0;
  let isWatching = false;
  let isClosing = false;
  const terms: PlainTerms = {
    take,
    readHead: headReader(),
    keepAliveSeconds: Math.floor(limits.keepAliveTimeoutMs / 1000),
    clock,
    tick: () => ticks,
    isEnding: () => isClosing || isEnding(),
    isClosing: () => isClosing,
    closed: (connection) => void connections.delete(connection),
    passOn: (connection, socket, bytes) => {
      const passOn = connections.get(connection);
      connections.delete(connection);
      socket.pause();
      socket.unshift(bytes);
      passOn?.(socket);
      socket.resume();
    },
  };
  const watch = (): void => {
    isWatching = true;
    clock.after(checkMs, () => {
      ticks += 1;
      for (const connection of connections.keys())
        endIfLate(connection, (ticks - connection.since - 1) * checkMs, limits);
      if (connections.size > 0) watch();
      else isWatching = false;
    });
  };
  return {
    take: (socket, passOn) => {
      connections.set(new PlainConnection(socket, terms), passOn);
      if (!isWatching) watch();
    },
    close: () => {
      isClosing = true;
      for (const connection of connections.keys()) connection.close();
    },
    cut: () => {
      for (const connection of connections.keys()) connection.cut();
    },
  };
}

/** `spentMs` has passed for sure since its state changed. A request's own deadline bounds how long its body and its answer take. */
function endIfLate(connection: PlainConnection, spentMs: number, limits: ConnectionLimits): void {
  switch (connection.state) {
    case "fresh":
      if (spentMs >= limits.headersTimeoutMs) connection.cut(timedOut);
      return;
    case "idle":
    case "flushing":
      if (spentMs >= limits.keepAliveTimeoutMs) connection.cut();
      return;
    case "answering":
    case "lingering":
    case "gone":
  }
}
