import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { type Route, type Seen, splitText, type TableMessage } from "../../contract/route-table.ts";
import type { RouteTable } from "./table.ts";

/** What every operator says, worked into one table: of each key the newest that anybody told. */
export interface NewestRoutes {
  /**
   * Works a message of any stream in. Returns the keys of which another split than the message's serves, since it is newer.
   * Throws when nobody has known as much as this gateway for so long that what it knows no longer counts.
   */
  readonly apply: (message: TableMessage) => readonly string[];
}

/** Where a key's route, or its absence, was taken from. */
interface Stand {
  readonly deployment: bigint;
  readonly pods: bigint;
}

/**
 * When no operator is as far as this gateway for so long, the API server was set back to a backup. A watch that hangs is
 * opened again after ten minutes at most (operator/kube/watch.ts).
 */
const setBackMs = 900_000;
/** Keys remembered as taken away: an operator that is behind still names them. */
const maxGone = 4096;

export function newestRoutes({ table, clock, log }: { table: RouteTable; clock: Clock; log: Log }): NewestRoutes {
  const stands = new Map<string, Stand>();
  const gone = new Map<string, bigint>();
  let newest = 0n;
  let heardMs = clock.monotonic();

  const listen = ({ seen }: TableMessage): void => {
    const deployments = BigInt(seen?.deployments ?? newest);
    if (deployments >= newest) {
      newest = deployments;
      heardMs = clock.monotonic();
    } else if (clock.monotonic() - heardMs > setBackMs) {
      stands.clear();
      gone.clear();
      newest = deployments;
      log.warn("the API server was set back: what it told before no longer counts", { deployments: String(newest) });
      throw new Error("every route has to be told anew");
    }
  };
  const isNewest = (key: string, stand: Stand): boolean => {
    const known = stands.get(key);
    if (known !== undefined) return isAfter(stand, known);
    return stand.deployment > (gone.get(key) ?? -1n);
  };
  const take = (route: Route, stand: Stand | undefined): void => {
    gone.delete(route.key);
    if (stand === undefined) stands.delete(route.key);
    else stands.set(route.key, stand);
  };
  const drop = (key: string, seen: Seen | undefined): void => {
    stands.delete(key);
    gone.delete(key);
    if (seen !== undefined) gone.set(key, BigInt(seen.deployments));
    const [oldest] = gone.keys();
    if (gone.size > maxGone && oldest !== undefined) gone.delete(oldest);
  };
  return {
    apply(message) {
      listen(message);
      if (message.type === "ping") return [];
      const { seen } = message;
      const told = message.type === "full" ? message.routes : message.upsert;
      const upsert = told.filter((route) => {
        const stand = standOf(route, seen);
        const isTaken = stand === undefined || isNewest(route.key, stand);
        if (isTaken) take(route, stand);
        return isTaken;
      });
      const remove = removed(message, table).filter(
        (key) => seen === undefined || BigInt(seen.deployments) >= (stands.get(key)?.deployment ?? 0n),
      );
      remove.forEach((key) => drop(key, seen));
      table.apply({ type: "delta", version: message.version, upsert, remove });
      return told.filter((route) => !isServed(route, table)).map(({ key }) => key);
    },
  };
}

function removed(message: Exclude<TableMessage, { type: "ping" }>, table: RouteTable): readonly string[] {
  if (message.type === "delta") return message.remove;
  const listed = new Set(message.routes.map(({ key }) => key));
  return [...table.byKey.keys()].filter((key) => !listed.has(key));
}

function standOf({ resourceVersion }: Route, seen: Seen | undefined): Stand | undefined {
  if (resourceVersion === undefined || seen === undefined) return undefined;
  return { deployment: BigInt(resourceVersion), pods: BigInt(seen.pods) };
}

/** The ModelDeployment decides, for acknowledgements are about its split; then how far the pods are known. */
function isAfter(stand: Stand, known: Stand): boolean {
  if (stand.deployment !== known.deployment) return stand.deployment > known.deployment;
  return stand.pods >= known.pods;
}

function isServed({ key, revisions }: Route, table: RouteTable): boolean {
  const live = table.byKey.get(key);
  return live !== undefined && splitText(live.route.revisions) === splitText(revisions);
}
