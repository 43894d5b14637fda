import { Buffer } from "node:buffer";
import type { Route } from "../../contract/route-table.ts";
import type { LiveRoute } from "./live-route.ts";

/** Index of routes by host. */
export interface Hosts {
  readonly add: (live: LiveRoute) => void;
  readonly remove: (live: LiveRoute) => void;
  /** The route for a Host header, with or without port: `<name>.<namespace>…`, or one of the routes' hostnames. */
  readonly find: (host: string) => LiveRoute | undefined;
}

/** Size of the cache of look-ups: most requests repeat a host. */
const maxCached = 4096;
/** The longest DNS name with a port. Longer hosts match no route, and are not cached. */
const maxCachedChars = 260;

export function createHosts(byKey: ReadonlyMap<string, LiveRoute>): Hosts {
  const others = new Map<string, LiveRoute>();
  const cache = new Map<string, LiveRoute | undefined>();
  const found = (host: string): LiveRoute | undefined => {
    const hostname = host.replace(/:\d+$/, "").toLowerCase();
    return byKey.get(keyOf(hostname)) ?? others.get(hostname);
  };
  return {
    add(live) {
      cache.clear();
      for (const hostname of live.route.hostnames) others.set(hostname, live);
    },
    remove(live) {
      cache.clear();
      for (const hostname of live.route.hostnames) {
        if (others.get(hostname) === live) others.delete(hostname);
      }
    },
    find(host) {
      if (cache.has(host)) return cache.get(host);
      const live = found(host);
      if (host.length > maxCachedChars) return live;
      if (cache.size >= maxCached) cache.clear();
      // A copy: a substring would keep the whole string, here the request's headers, in memory.
      cache.set(Buffer.from(host).toString(), live);
      return live;
    },
  };
}

const none: readonly string[] = [];

/**
 * The route with only those hostnames, in lower case, that do not start with its name and namespace: those are found by key, and
 * the hostnames of thousands of routes would take megabytes.
 */
export function withOtherHostnames(route: Route): Route {
  const { hostnames } = route;
  const others = hostnames
    .map((hostname) => hostname.toLowerCase())
    .filter((hostname) => keyOf(hostname) !== route.key);
  if (others.length === hostnames.length && others.every((hostname, i) => hostname === hostnames[i])) return route;
  return { ...route, hostnames: others.length === 0 ? none : others };
}

function keyOf(hostname: string): string {
  const [name = "", namespace = ""] = hostname.split(".", 2);
  return `${namespace}/${name}`;
}
