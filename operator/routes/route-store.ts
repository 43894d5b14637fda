import type { Route } from "../../runtime/contract/route-table.ts";
import { createPacker } from "../kube/store/packer.ts";
import { type Packed, unpacked } from "../kube/store/packed.ts";
import { isEqual } from "../model-deployment/plan/equality.ts";

/** The present routes, in a third of the memory that thousands of them take as they are. */
export interface RouteStore {
  find(key: string): Route | undefined;
  all(): readonly Route[];
  /** Replaces a route or takes it away; whether gateways are to do anything else by it. */
  set(key: string, route: Route | undefined): boolean;
}

/** No routes. */
export function createRouteStore(): RouteStore {
  const kept = new Map<string, Packed<Folded>>();
  const pack = createPacker<Folded>();
  const find = (key: string): Route | undefined => {
    const packed = kept.get(key);
    return packed && unfolded(unpacked(packed));
  };
  return {
    find,
    all: () => Array.from(kept.values(), (packed) => unfolded(unpacked(packed))),
    set(key, route) {
      const isChanged = !isEqual(content(find(key)), content(route));
      if (route === undefined) kept.delete(key);
      else kept.set(key, pack(folded({ ...route, key })));
      return isChanged;
    },
  };
}

/** A newer resourceVersion alone is no change. */
function content(route: Route | undefined): object {
  return { ...route, resourceVersion: undefined };
}

/** One text is half of the memory of several. */
type Folded = Omit<Route, "hostnames"> & { readonly hostnames: string };

/** No hostname has a space. */
const separator = " ";

function folded({ hostnames, ...route }: Route): Folded {
  return { ...route, hostnames: hostnames.join(separator) };
}

function unfolded({ hostnames, ...route }: Folded): Route {
  return { ...route, hostnames: hostnames === "" ? [] : hostnames.split(separator) };
}
