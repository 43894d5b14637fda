import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";

/** An ended socket is read for so long, so that its other side can read what it was told; longer while that is being read. */
const lingerMs = 1_000;

/** Ends a socket after all that it was given: at once would cut off what was told last. */
export function endInGoodOrder(socket: Socket, clock: Clock): void {
  socket.end();
  let unreadBytes = Number.POSITIVE_INFINITY;
  const look = (): void => {
    if (socket.writableLength === 0 || socket.writableLength >= unreadBytes) socket.destroy();
    else {
      unreadBytes = socket.writableLength;
      cancel = clock.after(lingerMs, look);
    }
  };
  let cancel = clock.after(lingerMs, look);
  socket.once("close", () => cancel());
}
