import type { Clock } from "../runtime/base/clock.ts";
import { type Caches, labelledKey, lastingKey } from "./model-deployment/caches.ts";
import type { RoutePush, RoutePushOptions } from "./routes/push-server.ts";
import { route } from "./routes/table.ts";

/** Routes of what is in the caches. */
export interface RouteFeed {
  /** The state of the caches that the routes are made of. */
  readonly seen: RoutePushOptions["seen"];
  /** Makes all routes once the caches are complete, and then each that changes. */
  begin(into: Pick<RoutePush, "set">, synced: Promise<void>): void;
}

/**
 * A change that comes alone is a route at once. Of changes that follow each other faster than this, as when hundreds of
 * ModelDeployments are made, several go out together: each table that is sent, and its acknowledgement, costs as much as four
 * writes to the API server.
 */
const spacingMs = 10;

/** A feed that makes no routes yet; without a clock it makes each at once. */
export function createRouteFeed({ deployments, pods }: Caches, clock: Clock | undefined): RouteFeed {
  const waiting = new Set<string>();
  let made: ReturnType<RouteFeed["seen"]> | undefined;
  let isDelayed = true;
  let madeMs = Number.NEGATIVE_INFINITY;
  const now = (): ReturnType<RouteFeed["seen"]> => ({
    deployments: deployments.cache.resourceVersion,
    pods: pods.cache.resourceVersion,
  });
  const make = (into: Pick<RoutePush, "set">): void => {
    isDelayed = false;
    for (const key of waiting) {
      const [namespace = "", name = ""] = key.split("/");
      const deployment = deployments.cache.find({ namespace, name });
      into.set(key, deployment && route(deployment, pods.cache.withIndex("deployment", key)));
    }
    waiting.clear();
    made = now();
    madeMs = clock?.monotonic() ?? 0;
  };
  return {
    seen: () => (waiting.size === 0 ? now() : (made ?? now())),
    begin(into, synced) {
      const update = (key: string): void => {
        waiting.add(key);
        if (isDelayed) return;
        const delayMs = clock === undefined ? 0 : madeMs + spacingMs - clock.monotonic();
        if (delayMs <= 0) return make(into);
        isDelayed = true;
        clock?.after(delayMs, () => make(into));
      };
      void synced.then(() => make(into));
      deployments.cache.subscribe(({ object: { metadata } }) => update(lastingKey(metadata)));
      pods.cache.subscribe(({ object }) => {
        const key = labelledKey(object);
        if (key !== undefined) update(key);
      });
    },
  };
}
