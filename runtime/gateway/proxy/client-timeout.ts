import { timeoutMs } from "../grpc/timeout.ts";

/** Envoy's, and so Istio's and KServe's: milliseconds for everything, waiting and repeats included. */
const envoyTimeout = "x-envoy-upstream-rq-timeout-ms";
/** gRPC's, which gateways from REST to gRPC take as well. */
const grpcTimeout = "grpc-timeout";
const isWhole = /^\d{1,15}$/;

/** As Node tells them, by lower-case name. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Milliseconds that a client of REST allows for its request; undefined: as long as the route does. HTTP itself has no such header:
 * `x-envoy-upstream-rq-timeout-ms` counts, else `grpc-timeout` (`250m`, `2S`). As in Envoy 0, and what is malformed, is no limit.
 */
export function allowedMs(headers: Headers): number | undefined {
  const envoys = headers[envoyTimeout];
  const grpcs = headers[grpcTimeout];
  if (envoys === undefined && grpcs === undefined) return undefined;
  const ms = typeof envoys === "string" && isWhole.test(envoys) ? Number(envoys) : timeoutMs(grpcs?.toString());
  return ms === undefined || ms === 0 ? undefined : Math.ceil(ms);
}
