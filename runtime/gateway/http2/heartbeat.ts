import type { Http2Session } from "node:http2";
import type { Clock } from "../../base/clock.ts";

/** A peer is asked for a sign of life this often … */
const askMs = 30_000;
/** … and taken for gone when none comes within this time. */
const patienceMs = 15_000;

/** Ends the session of a peer that is gone without a word: a machine that lost its power closes no connection. */
export function keepAlive(session: Http2Session, clock: Clock): void {
  let cancel = (): void => {};
  const ask = (): void => {
    if (session.destroyed) return;
    cancel = clock.after(patienceMs, () => session.destroy());
    session.ping((error) => {
      cancel();
      if (error === null) cancel = clock.after(askMs, ask);
    });
  };
  cancel = clock.after(askMs, ask);
  session.once("close", () => cancel());
}
