import type { Route, TableMessage } from "../../contract/route-table.ts";
import { emptyHold, releaseHeld, type Hold } from "./hold.ts";
import { endpointAddress, type Outstanding } from "./pick.ts";
import type { SplitDebts } from "./split.ts";

/** A route with what this gateway remembers about it; the memory outlives new tables. */
export interface LiveRoute {
  route: Route;
  readonly debts: SplitDebts;
  readonly outstanding: Outstanding;
  readonly hold: Hold;
}

/** The table this gateway works by. It is kept when the operator is away. */
export interface RouteTable {
  /** Changes worked in, 0 until the first full table has come. */
  readonly version: number;
  readonly byKey: ReadonlyMap<string, LiveRoute>;
  readonly byModel: ReadonlyMap<string, readonly LiveRoute[]>;
  /** Works a message in; routes that got an endpoint release their held requests. */
  readonly apply: (message: TableMessage) => void;
}

/** `changed` is told after each message which addresses are still in use and which routes exist. */
export function routeTable(changed: (table: RouteTable) => void): RouteTable {
  const byKey = new Map<string, LiveRoute>();
  const byModel = new Map<string, LiveRoute[]>();
  const table = {
    version: 0,
    byKey,
    byModel,
    apply: (message: TableMessage): void => {
      if (message.type === "ping") return;
      if (message.type === "full") {
        const kept = new Set(message.routes.map((route) => route.key));
        for (const key of byKey.keys()) if (!kept.has(key)) byKey.delete(key);
        message.routes.forEach((route) => upsert(byKey, route));
      } else {
        message.remove.forEach((key) => byKey.delete(key));
        message.upsert.forEach((route) => upsert(byKey, route));
      }
      table.version += 1;
      index(byKey, byModel);
      changed(table);
      for (const live of byKey.values()) if (servable(live.route)) releaseHeld(live.hold);
    },
  };
  return table;
}

/** True when some revision with a share has a ready endpoint. */
export function servable(route: Route): boolean {
  return route.revisions.some((revision) => revision.weight > 0 && revision.endpoints.length > 0);
}

/** Every `address:port` that a route of the table may send to. */
export function addressesInUse(table: RouteTable): Set<string> {
  const addresses = new Set<string>();
  for (const { route } of table.byKey.values())
    for (const revision of route.revisions)
      for (const endpoint of revision.endpoints) addresses.add(endpointAddress(endpoint));
  return addresses;
}

function upsert(byKey: Map<string, LiveRoute>, route: Route): void {
  const live = byKey.get(route.key);
  if (live === undefined) byKey.set(route.key, { route, debts: new Map(), outstanding: new Map(), hold: emptyHold() });
  else live.route = route;
}

function index(byKey: ReadonlyMap<string, LiveRoute>, byModel: Map<string, LiveRoute[]>): void {
  byModel.clear();
  for (const live of byKey.values()) {
    const same = byModel.get(live.route.model);
    if (same === undefined) byModel.set(live.route.model, [live]);
    else same.push(live);
  }
}
