import type { Clock } from "../base/clock.ts";
import { errorCodes } from "./wire.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Http2Stream } from "./stream.ts";

/** A peer is looked at this often, and asked for a sign of life when it has given none … */
const askMs = 30_000;
/** … and taken for gone when none comes within this time. */
const patienceMs = 15_000;

/** A connection, as it is watched over. */
interface Watched {
  readonly isServer: boolean;
  readonly isWithinHeaders: boolean;
  readonly streams: Pick<OpenStreams, "size" | "all">;
  readonly socket: { once(event: "close", listener: () => void): unknown };
  wasHeard(): boolean;
  ping(answered: () => void): void;
  leave(): void;
  destroy(cause?: Error): void;
}

/**
 * Ends connections of peers that are gone without a word (a machine that lost its power closes no connection), that began a
 * block of headers and do not end it, and of clients that ask for nothing for long; gives up answers that nobody reads.
 */
export function watchOver(
  connection: Watched,
  { clock, idleMs }: { readonly clock: Clock; readonly idleMs: number },
): void {
  let quietMs = 0;
  let wasWithinHeaders = false;
  const look = (): void => {
    const isSlow = wasWithinHeaders && connection.isWithinHeaders;
    wasWithinHeaders = connection.isWithinHeaders;
    if (isSlow) {
      connection.destroy(new Error("a block of headers did not end"));
      return;
    }
    quietMs = connection.streams.size === 0 ? quietMs + askMs : 0;
    if (connection.isServer && quietMs >= idleMs) connection.leave();
    for (const stream of connection.streams.all()) giveUpIfStuck(stream);
    if (connection.wasHeard()) {
      cancel = clock.after(askMs, look);
      return;
    }
    cancel = clock.after(patienceMs, () => connection.destroy(new Error("it gives no sign of life")));
    connection.ping(() => {
      cancel();
      cancel = clock.after(askMs, look);
    });
  };
  let cancel = clock.after(askMs, look);
  connection.socket.once("close", () => cancel());
}

/** Nothing of it has gone out since it was looked at last, and nothing more is to come. */
function giveUpIfStuck(stream: Http2Stream): void {
  const wasMoving = stream.progress > 0;
  stream.progress = 0;
  if (stream.isStuck && !wasMoving) stream.reset(errorCodes.cancel);
}
