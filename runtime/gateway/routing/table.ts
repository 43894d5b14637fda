import type { Route, TableMessage } from "../../contract/route-table.ts";
import type { Fault } from "../../base/fault.ts";
import { faults } from "../faults.ts";
import { createLedger, type Ledger } from "../figures/ledger.ts";
import { dismissHeld, releaseHeld } from "./hold.ts";
import { createHosts, withOtherHostnames } from "./hosts.ts";
import { clearRoute, liveRoute, type LiveParts, type LiveRoute, updateRoute } from "./live.ts";

/** The table this gateway works by. It is kept when the operator is away. */
export interface RouteTable {
  /** Changes worked in, 0 until the first full table has come. */
  readonly version: number;
  readonly byKey: ReadonlyMap<string, LiveRoute>;
  readonly byModel: ReadonlyMap<string, readonly LiveRoute[]>;
  /** The route that a request's host means. */
  readonly ofHost: (host: string) => LiveRoute | undefined;
  /** Works a message in; routes that got an endpoint release their held requests. */
  readonly apply: (message: TableMessage) => void;
}

/** What one message changed. */
export interface TableChange {
  readonly upserted: readonly LiveRoute[];
  readonly removed: readonly LiveRoute[];
}

interface TableParts {
  readonly ledger?: Ledger;
  /** Name of this gateway's pod: with others, turns of splits begin elsewhere. */
  readonly gateway?: string;
  /** Milliseconds of a clock that never jumps; with one that stands still no pod is new. */
  readonly monotonic?: () => number;
}

/** `changed` is told after each message, before requests that were held go on. */
export function routeTable(
  changed: (table: RouteTable, change: TableChange) => void,
  { gateway = "", monotonic = () => 0, ...given }: TableParts = {},
): RouteTable {
  const ledger = given.ledger ?? createLedger({ gateway, run: "", monotonic });
  const parts: LiveParts = { ledger, gateway, monotonic };
  const byKey = new Map<string, LiveRoute>();
  const byModel = new Map<string, LiveRoute[]>();
  const hosts = createHosts(byKey);
  const removed = (key: string): LiveRoute | undefined => {
    const live = byKey.get(key);
    if (live === undefined) return undefined;
    byKey.delete(key);
    unindex(live, byModel);
    hosts.remove(live);
    clearRoute(live);
    if (live.hold !== undefined) dismissHeld(live, goneFault(key, byKey));
    ledger.dropped(live.counts);
    return live;
  };
  const upserted = (told: Route): LiveRoute => {
    const route = withOtherHostnames(told);
    const known = byKey.get(route.key);
    if (known?.route === route) return known;
    const isIndexed = known !== undefined && isNamedAlike(known.route, route);
    if (known !== undefined && !isIndexed) {
      unindex(known, byModel);
      hosts.remove(known);
    }
    const live = known ?? liveRoute(route, parts);
    if (known === undefined) byKey.set(route.key, live);
    else updateRoute(known, route, parts);
    if (isIndexed) return live;
    index(live, byModel);
    hosts.add(live);
    return live;
  };
  const table = {
    version: 0,
    byKey,
    byModel,
    ofHost: hosts.find,
    apply: (message: TableMessage): void => {
      if (message.type === "ping") return;
      const told = message.type === "full" ? message.routes : message.upsert;
      const gone = message.type === "full" ? unlisted(message.routes, byKey) : message.remove;
      const change = {
        removed: gone.map(removed).filter((live) => live !== undefined),
        upserted: told.map(upserted),
      };
      table.version += 1;
      changed(table, change);
      for (const live of change.upserted) releaseHeld(live);
    },
  };
  return table;
}

function goneFault(key: string, byKey: ReadonlyMap<string, LiveRoute>): Fault {
  const shown = 10;
  const known = [...byKey.values()].slice(0, shown).map(({ route }) => `${route.model} (${route.key})`);
  return faults.RouteNotFound({ asked: `${key} any more`, known });
}

function unlisted(routes: readonly { readonly key: string }[], byKey: ReadonlyMap<string, LiveRoute>): string[] {
  const listed = new Set(routes.map(({ key }) => key));
  return [...byKey.keys()].filter((key) => !listed.has(key));
}

/** Most changes are of pods and weights: where a route is found stays the same. */
function isNamedAlike(one: Route, other: Route): boolean {
  return (
    one.model === other.model &&
    one.hostnames.length === other.hostnames.length &&
    one.hostnames.every((hostname, i) => hostname === other.hostnames[i])
  );
}

function index(live: LiveRoute, byModel: Map<string, LiveRoute[]>): void {
  const { model } = live.route;
  const same = byModel.get(model);
  if (same === undefined) byModel.set(model, [live]);
  else same.push(live);
}

function unindex(live: LiveRoute, byModel: Map<string, LiveRoute[]>): void {
  const { model } = live.route;
  const others = (byModel.get(model) ?? []).filter((other) => other !== live);
  if (others.length === 0) byModel.delete(model);
  else byModel.set(model, others);
}
