import type { RoutePush, RoutePushOptions } from "../../../operator/routes/push-server.ts";
import { isEqual } from "../../../operator/model-deployment/plan/equality.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import { silentLog } from "../../../runtime/base/log.ts";
import { type Route, splitText, type TableMessage } from "../../../runtime/contract/route-table.ts";
import { newestRoutes, type NewestRoutes } from "../../../runtime/gateway/routing/newest-routes.ts";
import { routeTable, type RouteTable } from "../../../runtime/gateway/routing/table.ts";
import type { Chance } from "../schedule/random.ts";
import type { Process } from "./process.ts";

/** A gateway without sockets: its table, and how messages of every operator are worked in, are those of `runtime/gateway`. */
export interface Gateway {
  readonly name: string;
  readonly table: RouteTable;
}

/** Plays the gateways and their streams from each operator, without sockets. */
export interface Gateways {
  readonly all: readonly Gateway[];
  /** For `startOperator`: the streams end with the process. */
  routePush(process: Process): (options: RoutePushOptions) => RoutePush;
  /** Ends all streams of a gateway; it comes back soon. */
  leave(gateway: number): void;
  /** What is sent to a gateway stays on its way for this long. */
  deafen(gateway: number, ms: number): void;
  /** Lets every operator look at everything again. */
  resync(): void;
}

interface Live extends Gateway {
  readonly newest: NewestRoutes;
  deafUntilMs: number;
}

interface Line {
  readonly gateway: Live;
  readonly acknowledged: Map<string, string>;
  isOpen: boolean;
}

interface Operator {
  readonly options: RoutePushOptions;
  readonly routes: Map<string, Route>;
  lines: Line[];
  leave(gateway: Live): void;
}

export interface GatewaysOptions {
  readonly clock: Clock;
  readonly chance: Chance;
  /** What each serves from the beginning. */
  readonly routes: readonly (readonly Route[])[];
}

export function createGateways(names: readonly string[], { clock, chance, routes }: GatewaysOptions): Gateways {
  const all = names.map((name, index): Live => {
    const table = routeTable(() => {});
    table.apply({ type: "full", version: 0, routes: routes[index] ?? [] });
    return { name, table, newest: newestRoutes({ table, clock, log: silentLog }), deafUntilMs: 0 };
  });
  const operators = new Set<Operator>();
  return {
    all,
    routePush: (process) => (options) => {
      const operator = connected({ process, options, all, clock, chance });
      operators.add(operator);
      process.onKilled(() => operators.delete(operator));
      return pushOf(operator, process, clock);
    },
    leave(index) {
      const gateway = all[index % all.length];
      if (gateway !== undefined) for (const operator of operators) operator.leave(gateway);
    },
    deafen(index, ms) {
      const gateway = all[index % all.length];
      // What it has not read yet is read before what comes later.
      if (gateway !== undefined) gateway.deafUntilMs = Math.max(gateway.deafUntilMs, clock.monotonic() + ms);
    },
    resync() {
      for (const { options } of operators) options.onLeave("nobody");
    },
  };
}

interface Connections {
  readonly process: Process;
  readonly options: RoutePushOptions;
  readonly all: readonly Live[];
  readonly clock: Clock;
  readonly chance: Chance;
}

function connected({ process, options, all, clock, chance }: Connections): Operator {
  const connect = (gateway: Live): void =>
    void clock.after(chance.whole(50, 800), () => {
      if (!process.isAlive) return;
      const line: Line = { gateway, acknowledged: new Map(), isOpen: true };
      void options.complete.then(() => {
        if (!process.isAlive || !line.isOpen) return;
        operator.lines.push(line);
        deliver(operator, line, { keys: undefined, process, clock });
      });
    });
  const operator: Operator = {
    options,
    routes: new Map(),
    lines: [],
    leave(gateway) {
      const line = operator.lines.find((one) => one.gateway === gateway);
      if (line === undefined) return;
      line.isOpen = false;
      operator.lines = operator.lines.filter((one) => one !== line);
      void process.heard(Promise.resolve()).then(() => options.onLeave(gateway.name));
      connect(gateway);
    },
  };
  process.onKilled(() => {
    for (const line of operator.lines) line.isOpen = false;
  });
  for (const gateway of all) connect(gateway);
  return operator;
}

interface Delivery {
  /** Undefined: the whole table. */
  readonly keys: ReadonlySet<string> | undefined;
  readonly process: Process;
  readonly clock: Clock;
}

/** The message goes out now, is worked in a little later, and its acknowledgement comes back later still. */
function deliver(operator: Operator, line: Line, { keys, process, clock }: Delivery): void {
  const { gateway } = line;
  const message = messageOf(operator, keys);
  const changed = message.type === "delta" ? message.remove : [...gateway.table.byKey.keys()];
  const told = message.type === "delta" ? message.upsert : message.routes;
  const splits = new Map<string, string | undefined>(changed.map((key) => [key, undefined]));
  for (const { key, revisions } of told) splits.set(key, splitText(revisions));
  // Streams keep their order: nothing overtakes what a deaf gateway has not read yet.
  const arrivesMs = Math.max(gateway.deafUntilMs - clock.monotonic(), 0) + 5;
  clock.after(arrivesMs, () => {
    if (!line.isOpen) return;
    const newer = gateway.newest.apply(message);
    clock.after(5, () => void process.heard(Promise.resolve()).then(() => acknowledge(operator, line, splits, newer)));
  });
}

function messageOf(
  { routes, options: { seen } }: Operator,
  keys: Delivery["keys"],
): Exclude<TableMessage, { type: "ping" }> {
  if (keys === undefined) return { type: "full", version: 1, routes: [...routes.values()], seen: seen() };
  const upsert = [...keys].flatMap((key) => routes.get(key) ?? []);
  return { type: "delta", version: 1, upsert, remove: [...keys].filter((key) => !routes.has(key)), seen: seen() };
}

/** As the operator's side of a stream (`operator/routes/gateway-stream.ts`) takes it; of `newer` keys another split serves. */
function acknowledge(
  { options }: Operator,
  { acknowledged, isOpen }: Line,
  splits: ReadonlyMap<string, string | undefined>,
  newer: readonly string[],
): void {
  if (!isOpen) return;
  for (const [key, split] of splits) {
    const serving = newer.includes(key) ? undefined : split;
    if (acknowledged.get(key) === serving) continue;
    if (serving === undefined) acknowledged.delete(key);
    else acknowledged.set(key, serving);
    options.onAck(key);
  }
}

function pushOf(operator: Operator, process: Process, clock: Clock): RoutePush {
  let dirty = new Set<string>();
  const flush = (): void => {
    const keys = dirty;
    dirty = new Set();
    for (const line of operator.lines) deliver(operator, line, { keys, process, clock });
  };
  return {
    start: async () => 1,
    stop: async () => {
      for (const line of operator.lines) line.isOpen = false;
      operator.lines = [];
    },
    set(key, route) {
      const isChanged = !isEqual(content(operator.routes.get(key)), content(route));
      if (route === undefined) operator.routes.delete(key);
      else operator.routes.set(key, route);
      if (!isChanged) return;
      if (dirty.size === 0) process.clock.after(1, flush);
      dirty.add(key);
    },
    acknowledged: (key) => {
      const splits = operator.lines.flatMap(({ gateway, acknowledged }) => {
        const split = acknowledged.get(key);
        return split === undefined ? [] : [[gateway.name, split] as const];
      });
      return new Map(splits);
    },
  };
}

/** What gateways are to do: a newer resourceVersion alone is no change. */
function content(route: Route | undefined): object {
  return { ...route, resourceVersion: undefined };
}
