import type { IncomingHttpHeaders } from "node:http2";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";
import type { Wish } from "../routing/choice.ts";
import type { LiveRoute } from "../routing/live.ts";
import type { CallEnd } from "./call-end.ts";
import type { ClientAnswer } from "./client/client-answer.ts";
import type { MethodShape } from "./messages/methods.ts";
import type { Pass, RequestSource } from "./client/request-source.ts";

/** A call that came, before it is known where it goes. */
export interface ClientCall {
  readonly headers: IncomingHttpHeaders;
  /** The same, names and values in turn. */
  readonly list: HeaderList;
  /** `/<service>/<method>`. */
  readonly method: string;
  readonly shape: MethodShape;
  readonly source: RequestSource;
  readonly answer: ClientAnswer;
  /** Ends when the client leaves or what it sends is refused. */
  readonly end: CallEnd;
}

/** The reason of an end whose client cancelled its call or lost its connection: nobody is there to answer. */
export const clientLeft = Symbol("the client cancelled the call");

/** A call on its way to a pod. */
export interface RoutedCall extends ClientCall {
  readonly live: LiveRoute;
  readonly wish: Wish;
  /** It names a version that only its pods know of: that one of them loads it says nothing of the pod. */
  readonly isOwnVersion: boolean;
  /** Longest time from now to the end of its answer. */
  readonly timeoutMs: number;
  /** What looks at the request's bytes, anew for each pod that gets them. */
  readonly pass: () => Pass;
  /** Milliseconds that the client still allows; undefined: it sets no limit. */
  readonly leftMs: () => number | undefined;
}
