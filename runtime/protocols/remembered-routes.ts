/** Reads the request line of a method and a target. */
type RouteOf<Route> = (method: string, target: string) => Route;

/** Targets that are kept, and the length of the longest. */
const maxKept = 256;
const maxKeptChars = 512;

/** The same reading of request lines; what was read of a POST is kept, as most ask for the same few models. */
export function rememberedRoutes<Route>(routeOf: RouteOf<Route>): RouteOf<Route> {
  const kept = new Map<string, Route>();
  return (method, target) => {
    if (method !== "POST") return routeOf(method, target);
    const known = kept.get(target);
    if (known !== undefined) return known;
    const route = routeOf(method, target);
    if (target.length > maxKeptChars) return route;
    if (kept.size >= maxKept) kept.clear();
    kept.set(target, route);
    return route;
  };
}
