import type { Clock } from "../../runtime/base/clock.ts";
import { Fault } from "../../runtime/base/fault.ts";
import type { KubeRequest, KubeResponse, Transport } from "./transport.ts";

/** `firstMs`, `firstMs × 2`, … up to `capMs`, each lengthened by up to `jitter` of itself (1.0: at most doubled). */
export interface Growth {
  readonly firstMs: number;
  readonly capMs: number;
  readonly jitter: number;
}

/** The delay before attempt `attempt + 1`, counted from 0. */
export function growingDelayMs({ firstMs, capMs, jitter }: Growth, attempt: number, random: () => number): number {
  const plainMs = Math.min(capMs, firstMs * 2 ** Math.min(attempt, 40));
  return plainMs * (1 + random() * jitter);
}

export interface Patience {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  /** For all attempts together. */
  readonly deadlineMs: number;
  /** Told the HTTP status of each attempt, 0 when no response came. */
  readonly told: (status: number) => void;
}

/** Between attempts when the server names no time of its own. */
const growth: Growth = { firstMs: 100, capMs: 5_000, jitter: 1 };

/**
 * Sends a request until it is neither 429 nor 503: both say that the server did nothing. `Retry-After` is waited out,
 * lengthened a little so that clients that were told the same time do not come back together. A read that got no
 * response is sent again; a write is not, because it may have been done. Ends with the last answer at the deadline.
 */
export async function sendPatiently(request: KubeRequest, patience: Patience): Promise<KubeResponse> {
  const { clock, random, deadlineMs } = patience;
  const endMs = clock.monotonic() + deadlineMs;
  for (let attempt = 0; ; attempt++) {
    const answer = await attempted({ ...request, timeoutMs: Math.max(1, endMs - clock.monotonic()) }, patience);
    const again = answer instanceof Fault ? isReadWorthRepeating(request, answer) : isBusy(answer);
    const delayMs = again ? delayBefore(answer, attempt, random) : 0;
    if (!again || clock.monotonic() + delayMs >= endMs) {
      if (answer instanceof Fault) throw answer;
      return answer;
    }
    await clock.sleep(delayMs, request.signal);
  }
}

async function attempted(request: KubeRequest, { transport, told }: Patience): Promise<KubeResponse | Fault> {
  try {
    const response = await transport.send(request);
    told(response.status);
    return response;
  } catch (thrown) {
    told(0);
    return Fault.from(thrown);
  }
}

function isReadWorthRepeating(request: KubeRequest, fault: Fault): boolean {
  return request.method === "GET" && fault.retry !== "never";
}

function isBusy({ status }: KubeResponse): boolean {
  return status === 429 || status === 503;
}

function delayBefore(answer: KubeResponse | Fault, attempt: number, random: () => number): number {
  const askedMs = answer instanceof Fault ? undefined : retryAfterMs(answer);
  return askedMs === undefined ? growingDelayMs(growth, attempt, random) : askedMs * (1 + random() * 0.1);
}

/** `Retry-After` in seconds; API servers never send the date form. */
function retryAfterMs({ headers }: KubeResponse): number | undefined {
  const value = headers["retry-after"];
  return value !== undefined && /^\d+$/.test(value) ? Number(value) * 1000 : undefined;
}
