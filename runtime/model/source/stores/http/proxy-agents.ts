import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { type Agent, type Dispatcher, EnvHttpProxyAgent, setGlobalDispatcher } from "undici";
import type { Proxies } from "../proxies.ts";

/** A dispatcher for undici that asks through them. */
export function dispatcherThrough({ http, https, none }: Proxies, options: Agent.Options = {}): Dispatcher {
  return new EnvHttpProxyAgent({ ...options, httpProxy: http, httpsProxy: https, noProxy: none });
}

/** Node's own `fetch` asks through them from now on: what client libraries use that take no agent of ours. */
export function fetchThrough(proxies: Proxies): void {
  if (hasProxies(proxies)) setGlobalDispatcher(dispatcherThrough(proxies));
}

/** Agents of `node:http` that ask through them, for client libraries that take some; undefined where there are none. */
export function agentsThrough(
  proxies: Proxies,
): { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent } | undefined {
  if (!hasProxies(proxies)) return undefined;
  const { http, https, none } = proxies;
  const options = { keepAlive: true, proxyEnv: { HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: none } };
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}

function hasProxies({ http, https }: Proxies): boolean {
  return http !== "" || https !== "";
}
