import type { Traffic } from "../routing/live.ts";

/** Share of the admitted requests that may be sent again at a time: pods that fail under load must not get more of it. */
const share = 0.1;
/** So many always may, as in Envoy's retry budget. */
const always = 3;

/**
 * Calls back when a failed request may be sent again: at once while few are, else when one of these ends. Returns how to
 * withdraw while it waits.
 */
export function waitForTurn(traffic: Traffic, go: () => void): (() => void) | undefined {
  if (!hasRoom(traffic)) {
    traffic.turns ??= new Set();
    traffic.turns.add(go);
    return () => void traffic.turns?.delete(go);
  }
  traffic.again += 1;
  go();
  return undefined;
}

/** A request that was sent again ended, or failed once more. */
export function endTurn(traffic: Traffic): void {
  traffic.again -= 1;
  for (const go of traffic.turns ?? []) {
    if (!hasRoom(traffic)) return;
    traffic.turns?.delete(go);
    traffic.again += 1;
    go();
  }
}

function hasRoom({ again, admitted }: Traffic): boolean {
  return again < Math.max(always, share * admitted);
}
