import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { type Agent, type Dispatcher, EnvHttpProxyAgent, setGlobalDispatcher } from "undici";
import type { Proxies } from "../proxies.ts";

/** An undici dispatcher that uses the proxies. */
export function proxyDispatcher({ http, https, none }: Proxies, options: Agent.Options = {}): Dispatcher {
  return new EnvHttpProxyAgent({ ...options, httpProxy: http, httpsProxy: https, noProxy: none });
}

/** Makes Node's global `fetch` use the proxies, for client libraries that take no agent. */
export function useProxiesForFetch(proxies: Proxies): void {
  if (hasProxies(proxies)) setGlobalDispatcher(proxyDispatcher(proxies));
}

/** Agents of `node:http` that use the proxies, for client libraries that take agents; `undefined` without proxies. */
export function proxyAgents(
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
