import type { Environment } from "../../../base/parsed-options.ts";

/** Proxy settings, as most download programs read them from the environment. */
export interface Proxies {
  /** URL of the proxy for `http:`; empty: none. */
  readonly http: string;
  /** URL of the proxy for `https:`; empty: none. */
  readonly https: string;
  /** Hosts that are reached without a proxy, separated by commas. */
  readonly none: string;
}

/** The loopback addresses never go through a proxy, as in Go. */
const loopback = "localhost,127.0.0.1,::1";

/** Reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`; lower case takes precedence. `HTTP_PROXY` alone applies to both schemes. */
export function proxiesOf(env: Environment): Proxies {
  const named = (name: string): string => env[name.toLowerCase()] || env[name] || "";
  const http = named("HTTP_PROXY");
  const none = named("NO_PROXY");
  return { http, https: named("HTTPS_PROXY") || http, none: none === "" ? loopback : `${none},${loopback}` };
}
