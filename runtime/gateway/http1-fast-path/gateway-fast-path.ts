import type { Clock } from "../../base/clock.ts";
import type { ConnectionFilter } from "../../server/connection-filter.ts";
import type { ConnectionLimits } from "../../server/http-server.ts";
import { fastPath } from "../../server/http1-fast-path/fast-path.ts";
import type { BufferBudget } from "../forwarding/buffer-budget.ts";
import type { Client } from "../proxy/client.ts";
import { responseHeads } from "./response-heads.ts";
import { FastPathConnection, type ConnectionContext } from "./fast-path-connection.ts";

interface GatewayFastPathOptions {
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  /** Called with each request. */
  readonly take: (client: Client) => void;
  /** While true, responses close their connection. */
  readonly isEnding: () => boolean;
  /** Memory for pipelined input. */
  readonly bufferBudget: BufferBudget;
}

/**
 * The gateway's fast path: serves HTTP/1.1 connections whose requests are simple (see `simpleRequestHead`) at about half the
 * cost of Node's HTTP server, until one sends a request that is not. A connection that arrives while the fast path closes is
 * answered once. The route's timeout bounds how long a request's body and response take.
 */
export function gatewayFastPath({
  limits,
  clock,
  take,
  isEnding,
  bufferBudget,
}: GatewayFastPathOptions): ConnectionFilter {
  return fastPath({
    limits,
    clock,
    connect: (shared) => {
      const context: ConnectionContext = {
        ...shared,
        take,
        writeHead: responseHeads(clock, Math.floor(limits.keepAliveTimeoutMs / 1000)),
        bufferBudget,
        isEnding: () => shared.isClosing() || isEnding(),
      };
      return (socket) => new FastPathConnection(socket, context);
    },
  });
}
