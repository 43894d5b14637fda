import type { Clock } from "../runtime/base/clock.ts";
import { type Caches, labelledKey, internedKey } from "./model-deployment/caches.ts";
import type { RoutePush, RoutePushOptions } from "./routes/push-server.ts";
import { route } from "./routes/table.ts";

/** Computes routes from the caches and passes them on. */
export interface RouteFeed {
  /** How far the caches had come when the routes were made. */
  readonly seen: RoutePushOptions["seen"];
  /** Makes all routes once the caches are complete, and from then on each one that changes. */
  begin(into: Pick<RoutePush, "set">, synced: Promise<void>): void;
}

/**
 * A single change is sent at once. Changes that follow each other faster than this, as when hundreds of ModelDeployments are
 * created, are sent together: each table that is sent, with its acknowledgement, costs as much as four writes to the API server.
 */
const spacingMs = 10;

/** A feed that has not begun. Without a clock it sends each change at once. */
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
      deployments.cache.subscribe(({ object: { metadata } }) => update(internedKey(metadata)));
      pods.cache.subscribe(({ object }) => {
        const key = labelledKey(object);
        if (key !== undefined) update(key);
      });
    },
  };
}
