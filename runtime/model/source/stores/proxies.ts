import type { Environment } from "../../../base/parsed-options.ts";

/** Through whom requests go, as most programs that download read it from their environment. */
export interface Proxies {
  /** URL of the proxy for `http:`; empty: none. */
  readonly http: string;
  /** URL of the proxy for `https:`; empty: none. */
  readonly https: string;
  /** Hosts that are asked without one, separated by commas. */
  readonly none: string;
}

/** This machine is never asked through another one, as Go's programs have it. */
const loopback = "localhost,127.0.0.1,::1";

/** Of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`; small letters count first. `HTTP_PROXY` alone is for both. */
export function proxiesOf(env: Environment): Proxies {
  const named = (name: string): string => env[name.toLowerCase()] || env[name] || "";
  const http = named("HTTP_PROXY");
  const none = named("NO_PROXY");
  return { http, https: named("HTTPS_PROXY") || http, none: none === "" ? loopback : `${none},${loopback}` };
}
