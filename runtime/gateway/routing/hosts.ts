import { Buffer } from "node:buffer";
import type { Route } from "../../contract/route-table.ts";
import type { LiveRoute } from "./live.ts";

/** Which route a host means. */
export interface Hosts {
  readonly add: (live: LiveRoute) => void;
  readonly remove: (live: LiveRoute) => void;
  /** By a request's host, with or without port: `<name>.<namespace>…`, or one of the route's hostnames. */
  readonly find: (host: string) => LiveRoute | undefined;
}

/** Hosts as clients spell them, of which most requests bring one that was there before. */
const maxRemembered = 4096;
/** The longest name in DNS, with a port. Whoever sends longer ones has no route, and must not be remembered at length. */
const maxRememberedChars = 260;

export function createHosts(byKey: ReadonlyMap<string, LiveRoute>): Hosts {
  const others = new Map<string, LiveRoute>();
  const remembered = new Map<string, LiveRoute | undefined>();
  const found = (host: string): LiveRoute | undefined => {
    const hostname = host.replace(/:\d+$/, "").toLowerCase();
    return byKey.get(keyOf(hostname)) ?? others.get(hostname);
  };
  return {
    add(live) {
      remembered.clear();
      for (const hostname of live.route.hostnames) others.set(hostname, live);
    },
    remove(live) {
      remembered.clear();
      for (const hostname of live.route.hostnames) {
        if (others.get(hostname) === live) others.delete(hostname);
      }
    },
    find(host) {
      if (remembered.has(host)) return remembered.get(host);
      const live = found(host);
      if (host.length > maxRememberedChars) return live;
      if (remembered.size >= maxRemembered) remembered.clear();
      // A part of a text keeps all of it in memory: here the request's headers.
      remembered.set(Buffer.from(host).toString(), live);
      return live;
    },
  };
}

const none: readonly string[] = [];

/**
 * A route with those of its hostnames, in lower case, that do not begin with its name and namespace: these are found by its
 * key, and of thousands of routes they would take megabytes.
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
