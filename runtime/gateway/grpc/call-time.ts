import type { Clock } from "../../base/clock.ts";
import type { LiveRoute } from "../routing/live.ts";
import type { ClientCall } from "./call.ts";
import { timeoutMs } from "./timeout.ts";

/** How long a call may take, from when it came. */
export interface CallTime {
  /** Milliseconds that its client still allows; undefined: it sets no limit. */
  readonly leftMs: () => number | undefined;
  /** Milliseconds that the route, which limits single answers, and the client together still allow. */
  readonly leftAt: (live: LiveRoute) => number;
}

/** What a timer takes: 24 days. */
const maxTimerMs = 2 ** 31 - 1;

export function callTime({ headers, shape }: Pick<ClientCall, "headers" | "shape">, clock: Clock): CallTime {
  const startedMs = clock.monotonic();
  const allowedMs = timeoutMs(headers["grpc-timeout"]?.toString());
  const leftOf = (ms: number): number => Math.min(Math.max(0, ms - (clock.monotonic() - startedMs)), maxTimerMs);
  return {
    leftMs: () => (allowedMs === undefined ? undefined : leftOf(allowedMs)),
    leftAt: ({ route }) => {
      const routeMs = shape.isStream === true ? maxTimerMs : route.timeoutMs;
      return Math.ceil(leftOf(Math.min(routeMs, allowedMs ?? maxTimerMs)));
    },
  };
}
