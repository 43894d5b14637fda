import type { Clock } from "../../base/clock.ts";
import type { ConnectionLimits } from "../../server/http-server.ts";
import { type ConnectionLane, connectionLane } from "../../server/plain-http/connection-lane.ts";
import type { KeptRoom } from "../passage/kept-room.ts";
import type { Client } from "../proxy/client.ts";
import { answerHeads } from "./answer-heads.ts";
import { PlainConnection, type PlainTerms } from "./plain-connection.ts";

interface LaneOptions {
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  /** Called with each request. */
  readonly take: (client: Client) => void;
  /** While true, answers end their connection. */
  readonly isEnding: () => boolean;
  /** For requests that come before their turn. */
  readonly room: KeptRoom;
}

/** The lane of a gateway: it takes connections while it closes, too. */
export type PlainLane = ConnectionLane;

/**
 * Connections of HTTP/1.1 whose requests are plain, as `plainHead` of the runtime's server has it: each is answered here, for
 * about half of what Node's HTTP server costs, until it sends a request that is not. A connection that comes while the lane closes
 * is answered once. A request's own deadline bounds how long its body and its answer take.
 */
export function plainLane({ limits, clock, take, isEnding, room }: LaneOptions): PlainLane {
  return connectionLane({
    limits,
    clock,
    connecting: (lane) => {
      const terms: PlainTerms = {
        ...lane,
        take,
        answerHead: answerHeads(clock, Math.floor(limits.keepAliveTimeoutMs / 1000)),
        room,
        isEnding: () => lane.isClosing() || isEnding(),
      };
      return (socket) => new PlainConnection(socket, terms);
    },
  });
}
