import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Fault } from "../../base/fault.ts";
import { release } from "../../contract/release.ts";
import type { faults } from "../faults.ts";
import type { Probe } from "../routing/locate.ts";

type Code = keyof typeof faults;

/** HTTP status of each fault; the compiler checks that none is missing. */
const statuses: Record<Code, number> = {
  RouteNotFound: 404,
  RouteAmbiguous: 400,
  VersionNotFound: 404,
  HoldFull: 503,
  HoldTimedOut: 504,
  RequestTimedOut: 504,
  BodyTooLarge: 413,
  RequestUnreadable: 400,
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

/** Answers for the gateway itself, as KServe (`/`) and the Open Inference Protocol (`/v2…`) ask a server. */
export function answerProbe(response: ServerResponse, probe: Probe, isReady: boolean): void {
  const answers: Readonly<Record<Probe, object>> = {
    alive: { status: "alive" },
    // Of the pods' extensions, those that go through a gateway whatever models are behind it.
    server: { ...release, extensions: ["binary_tensor_data"] },
    live: { live: true },
    ready: { ready: isReady },
  };
  writeJson(response, probe === "ready" && !isReady ? 503 : 200, JSON.stringify(answers[probe]));
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
