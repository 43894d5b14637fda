import type { GatewayFigures, ModelFigures } from "../../../runtime/contract/figures.ts";

/** What is known of one gateway from its answers. */
export interface GatewayAccount {
  /** Of the last answer; the next pull asks for what changed since. */
  readonly run: string | undefined;
  readonly cursor: number;
  /** When it last answered, on the operator's clock that never jumps. */
  readonly answeredMs: number | undefined;
  /** The last figures of each of its models. */
  readonly models: ReadonlyMap<string, ModelFigures>;
  /** Takes an answer in; `grown` is told what each model in it was before, undefined: nothing. */
  take(figures: GatewayFigures, atMs: number, grown: Grown): void;
  forget(key: string): void;
}

/** `share`: how much of the growth belongs to now, because the gateway was not heard of for longer than usual. */
export type Grown = (key: string, now: ModelFigures, before: ModelFigures | undefined, share: number) => void;

/** An answer that is later than this many pulls has in it what nobody saw when it happened. */
const lateAfterPulls = 2.5;

interface GatewayAccountOptions {
  /** Since when the operator counts. What a gateway counted before is taken as seen. */
  readonly startedMs: number;
  readonly intervalMs: number;
  /** A run whose account was closed: what it counted is taken as seen as well. */
  readonly isKnown: (run: string) => boolean;
}

export function createGatewayAccount({ startedMs, intervalMs, isKnown }: GatewayAccountOptions): GatewayAccount {
  const models = new Map<string, ModelFigures>();
  let run: string | undefined;
  let cursor = 0;
  let elapsedMs = 0;
  let answeredMs: number | undefined;
  const begins = (figures: GatewayFigures, atMs: number, grown: Grown): void => {
    const isOlder = run === undefined && (atMs - figures.elapsedMs < startedMs || isKnown(figures.run));
    models.clear();
    elapsedMs = 0;
    if (!isOlder) return;
    for (const [key, model] of Object.entries(figures.models)) {
      models.set(key, model);
      grown(key, model, model, 1);
    }
    elapsedMs = figures.elapsedMs;
  };
  return {
    get run() {
      return run;
    },
    get cursor() {
      return cursor;
    },
    get answeredMs() {
      return answeredMs;
    },
    models,
    forget: (key) => void models.delete(key),
    take(figures, atMs, grown) {
      if (figures.run !== run) begins(figures, atMs, grown);
      const passedMs = figures.elapsedMs - elapsedMs;
      const share = passedMs > lateAfterPulls * intervalMs ? intervalMs / passedMs : 1;
      for (const [key, model] of Object.entries(figures.models)) {
        const before = models.get(key);
        models.set(key, model);
        if (before !== model) grown(key, model, before, share);
      }
      ({ run, cursor, elapsedMs } = figures);
      answeredMs = atMs;
    },
  };
}
