import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Fault } from "../../base/fault.ts";
import type { faults } from "../faults.ts";
import type { Probe } from "../routing/locate.ts";

type Code = keyof typeof faults;

/** HTTP status of each fault; the compiler checks that none is missing. */
const statuses: Record<Code, number> = {
  RouteNotFound: 404,
  RouteAmbiguous: 400,
  HoldFull: 503,
  HoldTimedOut: 504,
  RequestTimedOut: 504,
  BodyTooLarge: 413,
  EndpointFailed: 503,
};

const statusByCode: ReadonlyMap<string, number> = new Map(Object.entries(statuses));

/** HTTP status for whatever ended a request before its answer began. */
export function faultStatus(fault: Fault): number {
  return statusByCode.get(fault.code) ?? 500;
}

/** Writes a fault as TensorFlow Serving writes its errors (`{"error": …}`), with Retry-After where waiting helps. */
export function answerFault(response: ServerResponse, fault: Fault): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = faultStatus(fault);
  const body = JSON.stringify({ error: fault.sentence });
  writeJson(
    response,
    status,
    body,
    typeof fault.retry === "object" ? Math.ceil(fault.retry.afterMs / 1000) : undefined,
  );
}

/** Tells whether the gateway lives or is ready, as KServe (`/`) and the Open Inference Protocol tell it of a server. */
export function answerProbe(response: ServerResponse, probe: Probe, isReady: boolean): void {
  if (probe === "ready") writeJson(response, isReady ? 200 : 503, JSON.stringify({ ready: isReady }));
  else writeJson(response, 200, JSON.stringify(probe === "live" ? { live: true } : { status: "alive" }));
}

function writeJson(response: ServerResponse, status: number, body: string, retryAfterSeconds?: number): void {
  const headers: OutgoingHttpHeaders = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  };
  if (retryAfterSeconds !== undefined) headers["retry-after"] = String(retryAfterSeconds);
  response.writeHead(status, headers);
  response.end(body);
}
