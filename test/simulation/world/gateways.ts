import type { RoutePush, RoutePushOptions } from "../../../operator/routes/push-server.ts";
import type { Clock } from "../../../runtime/base/clock.ts";
import { type Route, splitText } from "../../../runtime/contract/route-table.ts";
import type { Chance } from "../schedule/random.ts";
import type { Process } from "./process.ts";

/** A gateway as `runtime/gateway` works: it keeps its last table, and every operator's messages are worked in as they come. */
export interface Gateway {
  readonly name: string;
  readonly routes: ReadonlyMap<string, Route>;
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

interface Live {
  readonly name: string;
  readonly routes: Map<string, Route>;
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

export function createGateways(names: readonly string[], clock: Clock, chance: Chance): Gateways {
  const all = names.map((name): Live => ({ name, routes: new Map(), deafUntilMs: 0 }));
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
      if (gateway !== undefined) gateway.deafUntilMs = clock.monotonic() + ms;
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
  const sent = new Map(operator.routes);
  const changed = keys ?? new Set([...sent.keys(), ...line.gateway.routes.keys()]);
  const { gateway } = line;
  // Streams keep their order: nothing overtakes what a deaf gateway has not read yet.
  const arrivesMs = Math.max(gateway.deafUntilMs - clock.monotonic(), 0) + 5;
  clock.after(arrivesMs, () => {
    if (!line.isOpen) return;
    for (const key of changed) {
      const route = sent.get(key);
      if (route === undefined) gateway.routes.delete(key);
      else gateway.routes.set(key, route);
    }
    const acknowledge = (): void => {
      if (!line.isOpen) return;
      for (const key of changed) {
        const route = sent.get(key);
        const split = route === undefined ? undefined : splitText(route.revisions);
        if (line.acknowledged.get(key) === split) continue;
        if (split === undefined) line.acknowledged.delete(key);
        else line.acknowledged.set(key, split);
        operator.options.onAck(key);
      }
    };
    clock.after(5, () => void process.heard(Promise.resolve()).then(acknowledge));
  });
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
      if (JSON.stringify(operator.routes.get(key)) === JSON.stringify(route)) return;
      if (route === undefined) operator.routes.delete(key);
      else operator.routes.set(key, route);
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
