import type { Fault } from "../../base/fault.ts";
import { Passage, type PassageParts } from "../passage/passage.ts";
import { headerValue } from "../http2/header-record.ts";
import { Attempt } from "./pods/attempt.ts";
import { clientLeft, type RoutedCall } from "./call.ts";
import type { PodConnections } from "./pods/pod-connections.ts";
import { callFault, httpStatus, statusTrailers } from "./status.ts";

/** What every call through this gateway shares. */
export interface CallParts {
  readonly sessions: PodConnections;
  readonly passage: PassageParts;
}

/** A client's clock for its deadline started this much before ours, as long as a request is on its way at most. */
const earlyMs = 50;

/** Takes a call to a pod of its route, or to several one after the other, until it is answered, refused or left. */
export function forward(call: RoutedCall, { sessions, passage: parts }: CallParts): void {
  const { live, wish, source, answer, end, timeoutMs, shape } = call;
  const isStream = shape.isStream === true;
  let current: Attempt | undefined;
  const traveller = {
    go: (): void => {
      const target = passage.target();
      if (target === undefined) return;
      current = new Attempt(call, target, sessions.connection(target.pod), {
        answered: (status) => passage.answered(httpStatus(status)),
        failed: (failure) => passage.failed(failure),
      });
      current.start();
    },
    stop: (fault: Fault): number => {
      current?.abort();
      const trailers = statusTrailers(fault);
      answer.end(trailers);
      return httpStatus(headerValue(trailers, "grpc-status"));
    },
  };
  const passage = new Passage({ live, wish, sizeBytes: source.keptBytes, timeoutMs, isStream }, traveller, parts);
  const ended = (): void => {
    if (end.reason !== clientLeft) {
      passage.refuse(callFault(end.reason));
      return;
    }
    current?.abort();
    // Clients cancel at their own deadline, just before it is over here.
    if ((call.leftMs() ?? Infinity) <= earlyMs) passage.expire();
    else passage.abort();
  };
  passage.start();
  end.onEnd(ended);
}
