import type { Clock } from "../../base/clock.ts";
import type { ConnectionLimits } from "../http-server.ts";
import type { BodyLimits } from "../request-body.ts";
import { answerWriter } from "./answer-bytes.ts";
import { type ConnectionLane, connectionLane } from "./connection-lane.ts";
import { type PlainAnswerer, PlainConnection, type PlainTerms } from "./plain-connection.ts";

/** Who answers on a lane, and what requests may be like. */
export interface LaneOptions {
  readonly answerer: PlainAnswerer;
  readonly limits: ConnectionLimits;
  readonly body: BodyLimits;
  readonly clock: Clock;
}

/** The lane of a runtime: whole bodies, whole answers. */
export function plainLane({ answerer, limits, body, clock }: LaneOptions): ConnectionLane {
  const write = answerWriter(clock, limits.keepAliveTimeoutMs);
  return connectionLane({
    limits,
    clock,
    connecting: (lane) => {
      const terms: PlainTerms = { ...lane, answerer, write, body };
      return (socket) => {
        const connection = new PlainConnection(socket, terms);
        if (lane.isClosing()) connection.close();
        return connection;
      };
    },
  });
}
