import type { Endpoint } from "../../contract/route-table.ts";

/** Requests under way, by `address:port`. */
export type Outstanding = Map<string, number>;

/** Above this many endpoints two random ones are compared instead of all (power of two choices, Mitzenmacher 2001). */
const fullScanLimit = 8;

export function endpointAddress(endpoint: Endpoint): string {
  return `${endpoint.address}:${endpoint.port}`;
}

/**
 * The endpoint with the fewest requests under way; `random` (0 ≤ x < 1) breaks ties, so that several gateways do not all
 * begin with the same pod. Endpoints in `avoid` (they just failed this request) are taken only when nothing else is left.
 */
export function leastOutstanding(
  endpoints: readonly Endpoint[],
  outstanding: Outstanding,
  avoid: ReadonlySet<string>,
  random: () => number,
): Endpoint | undefined {
  const fresh = avoid.size === 0 ? endpoints : endpoints.filter((endpoint) => !avoid.has(endpointAddress(endpoint)));
  const candidates = fresh.length > 0 ? fresh : endpoints;
  const compared = candidates.length > fullScanLimit ? twoOf(candidates, random) : rotated(candidates, random);
  let best: Endpoint | undefined;
  let fewest = Infinity;
  for (const endpoint of compared) {
    const count = outstanding.get(endpointAddress(endpoint)) ?? 0;
    if (count < fewest) {
      best = endpoint;
      fewest = count;
    }
  }
  return best;
}

function rotated(endpoints: readonly Endpoint[], random: () => number): readonly Endpoint[] {
  if (endpoints.length < 2) return endpoints;
  const start = Math.floor(random() * endpoints.length);
  return [...endpoints.slice(start), ...endpoints.slice(0, start)];
}

function twoOf(endpoints: readonly Endpoint[], random: () => number): readonly Endpoint[] {
  const first = Math.floor(random() * endpoints.length);
  const second = (first + 1 + Math.floor(random() * (endpoints.length - 1))) % endpoints.length;
  return [endpoints[first], endpoints[second]].filter((endpoint) => endpoint !== undefined);
}
