import type { Wish } from "../routing/choice.ts";
import type { LiveRoute } from "../routing/live.ts";
import type { CallEnd } from "./call-end.ts";
import type { CallHead } from "./call-head.ts";
import type { ClientAnswer } from "./client/client-answer.ts";
import type { Pass, RequestSource } from "./client/request-source.ts";

/** A call that came, before it is known where it goes. */
export interface ClientCall {
  readonly head: CallHead;
  readonly source: RequestSource;
  readonly answer: ClientAnswer;
  /** Ends when the client leaves or what it sends is refused. */
  readonly end: CallEnd;
  /** Milliseconds that the client still allows; undefined: it sets no limit. */
  leftMs(): number | undefined;
  /** Milliseconds that a route, which limits single answers, and the client together still allow. */
  leftAt(live: LiveRoute): number;
}

/** The reason of an end whose client cancelled its call or lost its connection: nobody is there to answer. */
export const clientLeft = Symbol("the client cancelled the call");

/** A call on its way to a pod. */
export interface RoutedCall {
  readonly call: ClientCall;
  readonly live: LiveRoute;
  readonly wish: Wish;
  /** It names a version that only its pods know of: that one of them loads it says nothing of the pod. */
  readonly isOwnVersion: boolean;
  /** Longest time from now to the end of its answer. */
  readonly timeoutMs: number;
  /** What looks at the request's bytes, anew for each pod that gets them. */
  readonly pass: () => Pass;
}
