import type { Clock } from "../base/clock.ts";
import { errorCodes } from "./wire.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Http2Stream } from "./stream.ts";

/** Interval at which a connection is checked, and pinged when nothing was received … */
const checkMs = 30_000;
/** … and the time within which the ping must be answered. */
const pingTimeoutMs = 15_000;

/** What the watchdog needs of a connection. */
interface WatchedConnection {
  readonly isServer: boolean;
  readonly isWithinHeaders: boolean;
  readonly streams: Pick<OpenStreams, "size" | "all">;
  readonly socket: { once(event: "close", listener: () => void): unknown };
  hasReceived(): boolean;
  ping(answered: () => void): void;
  goAway(): void;
  destroy(cause?: Error): void;
}

/**
 * Checks a connection periodically: closes it when the peer does not answer a ping (a machine that lost its power closes no
 * connection) or does not complete a header block; asks idle clients to leave; resets responses that nobody reads.
 */
export function startWatchdog(
  connection: WatchedConnection,
  { clock, idleMs }: { readonly clock: Clock; readonly idleMs: number },
): void {
  let idleForMs = 0;
  let wasWithinHeaders = false;
  const check = (): void => {
    const isSlow = wasWithinHeaders && connection.isWithinHeaders;
    wasWithinHeaders = connection.isWithinHeaders;
    if (isSlow) {
      connection.destroy(new Error("a header block did not end"));
      return;
    }
    idleForMs = connection.streams.size === 0 ? idleForMs + checkMs : 0;
    if (connection.isServer && idleForMs >= idleMs) connection.goAway();
    for (const stream of connection.streams.all()) resetIfStuck(stream);
    if (connection.hasReceived()) {
      cancel = clock.after(checkMs, check);
      return;
    }
    cancel = clock.after(pingTimeoutMs, () => connection.destroy(new Error("it does not answer a ping")));
    connection.ping(() => {
      cancel();
      cancel = clock.after(checkMs, check);
    });
  };
  let cancel = clock.after(checkMs, check);
  connection.socket.once("close", () => cancel());
}

/** Resets a completed message of which nothing was sent since the last check. */
function resetIfStuck(stream: Http2Stream): void {
  const wasMoving = stream.progress > 0;
  stream.progress = 0;
  if (stream.isStuck && !wasMoving) stream.reset(errorCodes.cancel);
}
