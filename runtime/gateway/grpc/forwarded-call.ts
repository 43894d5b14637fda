import type { Fault } from "../../base/fault.ts";
import { type Failure, Passage, type PassageParts, type Traveller } from "../passage/passage.ts";
import { headerValue } from "../http2/header-record.ts";
import type { Copies } from "../mirror/copies.ts";
import type { Target } from "../routing/choice.ts";
import { type Answering, Attempt, type AttemptEnd } from "./pods/attempt.ts";
import { clientLeft, type RoutedCall } from "./call.ts";
import { podHeaders } from "./pods/call-headers.ts";
import type { PodConnections } from "./pods/pod-connections.ts";
import { callFault, httpStatus, statusTrailers } from "./status.ts";

/** What every call through this gateway shares. */
export interface CallParts {
  readonly sessions: PodConnections;
  readonly passage: PassageParts;
  readonly copies: Copies;
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
  readonly #copies: Copies;
  readonly #passage: Passage;
  #current: Attempt | undefined;

  constructor(routed: RoutedCall, { sessions, passage, copies }: CallParts) {
    const { live, wish, timeoutMs, call } = routed;
    const isStream = call.head.shape.isStream === true;
    const sizeBytes = call.source.keptBytes;
    this.#routed = routed;
    this.#sessions = sessions;
    this.#copies = copies;
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

  /** Answers of one message are what a mirror can be held to; a call that names its revision means no other. */
  answering({ status, message }: Answering, { revision }: Target): void {
    const { live, wish, call } = this.#routed;
    const { model, isStream } = call.head.shape;
    if (live.route.mirror === undefined || wish.revision !== undefined || model === undefined || isStream === true)
      return;
    const body = call.source.whole;
    if (body === undefined) return;
    this.#copies.copiedCall(live, revision, {
      headersFor: ({ address }) => podHeaders(call.head, undefined, address),
      body,
      method: call.head.method,
      isGood: status === "0",
      answer: message,
    });
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
