import { timeoutMs } from "../../server/grpc/timeout.ts";

/** Envoy's header, so also Istio's and KServe's: milliseconds for everything, waiting and retries included. */
const envoyTimeout = "x-envoy-upstream-rq-timeout-ms";
/** gRPC's header, which REST-to-gRPC gateways accept as well. */
const grpcTimeout = "grpc-timeout";
const isWhole = /^\d{1,15}$/;

/** As Node parses them, by lower-case name. */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * The timeout in milliseconds that a REST client sets; undefined: none, the route's applies. HTTP has no standard header for it:
 * `x-envoy-upstream-rq-timeout-ms` is used, else `grpc-timeout` (`250m`, `2S`). As in Envoy, 0 and malformed values set no limit.
 */
export function clientTimeoutMs(headers: Headers): number | undefined {
  const envoys = headers[envoyTimeout];
  const grpcs = headers[grpcTimeout];
  if (envoys === undefined && grpcs === undefined) return undefined;
  const ms = typeof envoys === "string" && isWhole.test(envoys) ? Number(envoys) : timeoutMs(grpcs?.toString());
  return ms === undefined || ms === 0 ? undefined : Math.ceil(ms);
}
