import type { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { ConnectionLimits } from "../http-server.ts";
import { type RequestHead, headReader } from "./request-head.ts";

/** Connections whose requests are plain: each is answered here until it sends one that is not. */
export interface ConnectionLane {
  /** Takes a new connection; `passOn` gets it, with what has been read put back, when a request needs a whole HTTP server. */
  readonly take: (socket: Socket, passOn: (socket: Socket) => void) => void;
  /** Ends idle connections now and others after their answer. */
  readonly close: () => void;
  /** Ends all connections now. */
  readonly cut: () => void;
}

/**
 * What a connection waits for. `fresh`: nothing has come yet; `flushing`: the client has not read its answer; `lingering`: the rest
 * of a refused body is dropped, so that its sender can read the refusal.
 */
export type ConnectionState = "fresh" | "idle" | "body" | "answering" | "flushing" | "lingering" | "gone";

/** A connection as its lane watches over it. */
export interface LaneConnection {
  readonly state: ConnectionState;
  /** The lane's tick of the last change of state. */
  readonly since: number;
  /** Ends it once it is idle, which may be now. */
  close(): void;
  /** Ends it now; `text` is the last that it is told. */
  cut(text?: string): void;
}

/** What a lane gives to all its connections. */
export interface LaneTerms<Connection> {
  readonly readHead: (text: string) => RequestHead | undefined;
  readonly clock: Clock;
  /** Counts up while time passes: says when a connection was last busy. */
  readonly tick: () => number;
  /** Whether the lane has been told to close. */
  readonly isClosing: () => boolean;
  /** Takes a connection whose next request is not plain, with what has come of it. */
  readonly passOn: (connection: Connection, socket: Socket, bytes: Buffer) => void;
  readonly closed: (connection: Connection) => void;
}

/** How sockets become connections of a lane, and what they may do. */
export interface ConnectionLaneOptions<Connection> {
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  /** Called once: how a socket becomes a connection of this lane. */
  readonly connecting: (terms: LaneTerms<Connection>) => (socket: Socket) => Connection;
}

/** How often connections are looked at. */
const checkMs = 1_000;
/** As Node's server tells it. */
const timedOut = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

/** A lane without connections; it watches over their time limits while there are any. */
export function connectionLane<Connection extends LaneConnection>(
  options: ConnectionLaneOptions<Connection>,
): ConnectionLane {
  const { limits, clock } = options;
  const connections = new Map<Connection, (socket: Socket) => void>();
  let ticks = 0;
  let isWatching = false;
  let isClosing = false;
  const connection = options.connecting({
    readHead: headReader(),
    clock,
    tick: () => ticks,
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
  });
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
      connections.set(connection(socket), passOn);
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

/** `spentMs` has passed for sure since its state changed. */
function endIfLate(connection: LaneConnection, spentMs: number, limits: ConnectionLimits): void {
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
