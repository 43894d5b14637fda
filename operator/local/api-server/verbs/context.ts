import type { Clock } from "../../../../runtime/base/clock.ts";
import { rememberedText } from "../values/remembered.ts";
import type { Registry } from "../kinds/registry.ts";
import type { RequestBody } from "../requests/body.ts";
import type { Target } from "../requests/target.ts";
import type { Store } from "../store/store.ts";

/** What every verb works with. */
export interface Context {
  readonly store: Store;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly newUid: () => string;
  /** A number never given before: service addresses. */
  readonly allot: () => number;
}

/** A request for a resource. */
export interface ResourceRequest {
  readonly target: Target;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: RequestBody;
}

/** Now as object metadata has it: RFC 3339 in whole seconds. */
export const timestamp = (clock: Pick<Clock, "now">): string => written(Math.floor(clock.now() / 1_000));

const written = rememberedText((seconds: number) => `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`);
