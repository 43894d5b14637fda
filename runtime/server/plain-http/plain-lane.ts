import type { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { ConnectionLimits } from "../http-server.ts";
import type { BodyLimits } from "../request-body.ts";
import { answerWriter } from "./answer-bytes.ts";
import { type PlainAnswerer, PlainConnection, type PlainTerms } from "./plain-connection.ts";
import { headReader } from "./request-head.ts";

/** Connections whose requests are plain: each is answered here until it sends one that is not. */
export interface PlainLane {
  /** Takes a new connection; `passOn` gets it, with what has been read put back, when a request needs a whole HTTP server. */
  take(socket: Socket, passOn: (socket: Socket) => void): void;
  /** Ends idle connections now and others after their answer. */
  close(): void;
  /** Ends all connections now. */
  cut(): void;
}

export interface LaneOptions {
  readonly answerer: PlainAnswerer;
  readonly limits: ConnectionLimits;
  readonly body: BodyLimits;
  readonly clock: Clock;
}

/** How often connections are looked at. */
const checkMs = 1_000;
/** As Node's server tells it. */
const timedOut = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

/** A lane without connections; it watches over their time limits while there are any. */
export function plainLane({ answerer, limits, body, clock }: LaneOptions): PlainLane {
  const connections = new Set<PlainConnection>();
  let ticks = 0;
  let isWatching = false;
  let isClosing = false;
  const passers = new WeakMap<PlainConnection, (socket: Socket) => void>();
  const terms: PlainTerms = {
    answerer,
    readHead: headReader(),
    write: answerWriter(clock, limits.keepAliveTimeoutMs),
    body,
    clock,
    tick: () => ticks,
    closed: (connection) => connections.delete(connection),
    passOn: (connection, socket, bytes) => {
      connections.delete(connection);
      socket.pause();
      socket.unshift(bytes);
      passers.get(connection)?.(socket);
      socket.resume();
    },
  };
  const watch = (): void => {
    isWatching = true;
    clock.after(checkMs, () => {
      ticks += 1;
      for (const connection of connections) endIfLate(connection, (ticks - connection.since - 1) * checkMs, limits);
      if (connections.size > 0) watch();
      else isWatching = false;
    });
  };
  return {
    take: (socket, passOn) => {
      const connection = new PlainConnection(socket, terms);
      connections.add(connection);
      passers.set(connection, passOn);
      if (isClosing) connection.close();
      if (!isWatching) watch();
    },
    close: () => {
      isClosing = true;
      for (const connection of connections) connection.close();
    },
    cut: () => {
      for (const connection of connections) connection.cut();
    },
  };
}

/** `spentMs` has passed for sure since its state changed. */
function endIfLate(connection: PlainConnection, spentMs: number, limits: ConnectionLimits): void {
  switch (connection.state) {
    case "fresh":
      if (spentMs >= limits.headersTimeoutMs) connection.cut(timedOut);
      return;
    case "body":
      if (spentMs >= limits.requestTimeoutMs && limits.requestTimeoutMs > 0) connection.cut(timedOut);
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
