import type { Fault } from "../../base/fault.ts";
import { type Failure, Passage, type PassageParts, type Traveller } from "../passage/passage.ts";
import { headerValue } from "../http2/header-record.ts";
import { Attempt, type AttemptEnd } from "./pods/attempt.ts";
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
export function forward(routed: RoutedCall, parts: CallParts): void {
  new Forwarding(routed, parts).start();
}

class Forwarding implements Traveller, AttemptEnd {
  readonly #routed: RoutedCall;
  readonly #sessions: PodConnections;
  readonly #passage: Passage;
  #current: Attempt | undefined;

  constructor(routed: RoutedCall, { sessions, passage }: CallParts) {
    const { live, wish, timeoutMs, call } = routed;
    const isStream = call.head.shape.isStream === true;
    const sizeBytes = call.source.keptBytes;
    this.#routed = routed;
    this.#sessions = sessions;
    this.#passage = new Passage({ live, wish, sizeBytes, timeoutMs, isStream }, this, passage);
  }

  start(): void {
    this.#passage.start();
    this.#routed.call.end.onEnd(() => this.#ended());
  }

  go(): void {
    const target = this.#passage.target();
    if (target === undefined) return;
    this.#current = new Attempt(this.#routed, target, this.#sessions.connection(target.pod), this);
    this.#current.start();
  }

  stop(fault: Fault): number {
    this.#current?.abort();
    const trailers = statusTrailers(fault);
    this.#routed.call.answer.end(trailers);
    return httpStatus(headerValue(trailers, "grpc-status"));
  }

  answered(status: string): void {
    this.#passage.answered(httpStatus(status));
  }

  failed(failure: Failure): void {
    this.#passage.failed(failure);
  }

  #ended(): void {
    const { call } = this.#routed;
    const { end } = call;
    if (end.reason !== clientLeft) {
      this.#passage.refuse(callFault(end.reason));
      return;
    }
    this.#current?.abort();
    // Clients cancel at their own deadline, just before it is over here.
    if ((call.leftMs() ?? Infinity) <= earlyMs) this.#passage.expire();
    else this.#passage.abort();
  }
}
