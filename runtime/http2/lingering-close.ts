import type { Socket } from "node:net";
import type { Clock } from "../base/clock.ts";

/** How long an ended socket is drained, so that the peer can read the last bytes; extended while it reads. */
const lingerMs = 1_000;

/** Closes a socket after everything written was read: closing at once would cut off the last bytes. */
export function lingeringClose(socket: Socket, clock: Clock): void {
  socket.end();
  let unreadBytes = Number.POSITIVE_INFINITY;
  const check = (): void => {
    if (socket.writableLength === 0 || socket.writableLength >= unreadBytes) socket.destroy();
    else {
      unreadBytes = socket.writableLength;
      cancel = clock.after(lingerMs, check);
    }
  };
  let cancel = clock.after(lingerMs, check);
  socket.once("close", () => cancel());
}
