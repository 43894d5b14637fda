import { Buffer } from "node:buffer";
import type { Fault } from "../../base/fault.ts";
import { release } from "../../contract/release.ts";
import type { faults } from "../faults.ts";
import type { Probe } from "../routing/locate.ts";

type Code = keyof typeof faults;

/** HTTP status of each fault; the compiler checks that none is missing. */
const statuses: Record<Code, number> = {
  TableMissing: 503,
  RouteNotFound: 404,
  RouteGone: 404,
  RouteAmbiguous: 400,
  VersionNotFound: 404,
  HoldFull: 503,
  HoldTimedOut: 504,
  RequestTimedOut: 504,
  ClientTimePassed: 504,
  BodyTooLarge: 413,
  BodiesTooMany: 503,
  RequestUnreadable: 400,
  RequestAmbiguous: 400,
  EndpointFailed: 503,
};

const statusByCode: ReadonlyMap<string, number> = new Map(Object.entries(statuses));

/** HTTP status for whatever ended a request before its answer began. */
function faultStatus(fault: Fault): number {
  return statusByCode.get(fault.code) ?? 500;
}

/** A whole answer of the gateway itself. */
export interface OwnAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** A fault as TensorFlow Serving writes its errors (`{"error": …}`), with Retry-After where waiting helps. */
export function faultAnswer(fault: Fault): OwnAnswer {
  const { retry } = fault;
  const waiting = typeof retry === "object" ? ["retry-after", String(Math.ceil(retry.afterMs / 1000))] : [];
  return jsonAnswer(faultStatus(fault), { error: fault.sentence }, waiting);
}

/** Answers for the gateway itself, as KServe (`/`) and the Open Inference Protocol (`/v2…`) ask a server. */
export function probeAnswer(probe: Probe, isReady: boolean): OwnAnswer {
  const answers: Readonly<Record<Probe, object>> = {
    alive: { status: "alive" },
    // Of the pods' extensions, those that go through a gateway whatever models are behind it.
    server: { ...release, extensions: ["classification", "binary_tensor_data"] },
    live: { live: true },
    ready: { ready: isReady },
  };
  return jsonAnswer(probe === "ready" && !isReady ? 503 : 200, answers[probe], []);
}

function jsonAnswer(status: number, value: object, further: readonly string[]): OwnAnswer {
  const body = Buffer.from(JSON.stringify(value));
  const headers = ["content-type", "application/json", "content-length", String(body.length), ...further];
  return { status, headers, body };
}
