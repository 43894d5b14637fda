import type { Clock } from "../../base/clock.ts";
import type { Fault } from "../../base/fault.ts";
import type { Log } from "../../base/log.ts";
import type { Buffer } from "node:buffer";
import type { Http2Stream, StreamOwner } from "../../http2/stream.ts";
import type { LiveRoute } from "../routing/live.ts";
import type { RouteTable } from "../routing/table.ts";
import { faults } from "../faults.ts";
import { CallEnd } from "./call-end.ts";
import type { CallHead } from "./call-head.ts";
import { type ClientCall, clientLeft } from "./call.ts";
import { ClientAnswer } from "./client/client-answer.ts";
import { grpcFaults } from "./faults.ts";
import { type CallParts, forward } from "./forward.ts";
import { ownMethods } from "./own-methods.ts";
import { RequestSource } from "./client/request-source.ts";
import { locatedCall, type Opening, readOpening, routedCall } from "./routed-call.ts";
import { callFault, statusTrailers } from "./status.ts";

interface CallsOptions extends CallParts {
  readonly table: () => RouteTable;
  /** Whether the gateway has a table and does not drain. */
  readonly isReady: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Takes a call. `fixed`: the route of the port that it came to; absent on a shared port. */
export type TakeCall = (stream: Http2Stream, head: CallHead, fixed?: LiveRoute) => void;

/** Within this a call has to say where it goes. Streams of messages may begin with a pause. */
const openingMs = 60_000;
/** What a timer takes: 24 days. */
const maxTimerMs = 2 ** 31 - 1;

/** Answers calls of gRPC, by pods or by the gateway itself. */
export function grpcCalls(options: CallsOptions): TakeCall {
  return (stream, head, fixed) => new TakenCall(stream, head, options).open(fixed);
}

/** A call from when its headers came, told of what else comes on its stream. */
class TakenCall implements ClientCall, StreamOwner {
  readonly head: CallHead;
  readonly source: RequestSource;
  readonly answer: ClientAnswer;
  readonly end = new CallEnd();
  readonly #options: CallsOptions;
  readonly #startedMs: number;
  #cancelLimit: (() => void) | undefined;

  constructor(stream: Http2Stream, head: CallHead, options: CallsOptions) {
    this.head = head;
    this.source = new RequestSource(stream, options.passage.room, (thrown) => this.end.end(callFault(thrown)));
    this.answer = new ClientAnswer(stream);
    this.#options = options;
    this.#startedMs = options.clock.monotonic();
    stream.owner = this;
  }

  /** Finds out where it goes, as soon as that can be known, and sends it there. */
  open(fixed: LiveRoute | undefined): void {
    this.#limitOpening();
    if (this.head.shape.model === undefined) this.#opened(undefined, fixed);
    else readOpening(this, this.head.shape.model, (opening) => this.#opened(opening, fixed));
  }

  leftMs(): number | undefined {
    const { allowedMs } = this.head;
    return allowedMs === undefined ? undefined : this.#leftOf(allowedMs);
  }

  leftAt({ route }: LiveRoute): number {
    const { shape, allowedMs = maxTimerMs } = this.head;
    const routeMs = shape.isStream === true ? maxTimerMs : route.timeoutMs;
    return Math.ceil(this.#leftOf(Math.min(routeMs, allowedMs)));
  }

  headersCame(): void {}

  data(chunk: Buffer): void {
    this.source.came(chunk);
  }

  ended(): void {
    this.source.ended();
  }

  drained(): void {
    this.answer.drained();
  }

  crowded(): void {
    this.end.end(faults.BodiesTooMany({}));
  }

  closed(): void {
    this.source.forget();
    if (!this.answer.hasEnded) this.end.end(clientLeft);
  }

  #opened(opening: Opening | undefined, fixed: LiveRoute | undefined): void {
    const options = this.#options;
    try {
      if (this.end.isOver) throw this.end.reason;
      const located = fixed ?? locatedCall(this.head, opening, options.table());
      if (located === "gateway") {
        this.#answer();
        return;
      }
      forward(routedCall(this, opening, located), options);
      this.#cancelLimit?.();
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  /** By the gateway itself. */
  #answer(): void {
    const answered = ownMethods.get(this.head.method)?.(this, this.#options);
    answered?.then(
      () => this.#cancelLimit?.(),
      (thrown: unknown) => this.#refuse(thrown),
    );
  }

  #refuse(thrown: unknown): void {
    this.#cancelLimit?.();
    if (thrown === clientLeft) return;
    const fault = callFault(thrown);
    this.#options.log.debug("call refused", { code: fault.code, message: fault.message });
    this.answer.end(statusTrailers(fault));
  }

  #leftOf(ms: number): number {
    const goneMs = this.#options.clock.monotonic() - this.#startedMs;
    return Math.min(Math.max(0, ms - goneMs), maxTimerMs);
  }

  #limitOpening(): void {
    const { allowedMs } = this.head;
    const isStream = this.head.shape.isStream === true;
    if (isStream && allowedMs === undefined) return;
    const isClients = allowedMs !== undefined && (isStream || allowedMs < openingMs);
    const fault = (): Fault =>
      isClients
        ? grpcFaults.DeadlinePassed({ timeoutMs: Math.round(allowedMs) })
        : grpcFaults.MessageLate({ timeoutMs: openingMs });
    const limitMs = isClients ? Math.min(allowedMs, maxTimerMs) : openingMs;
    this.#cancelLimit = this.#options.clock.after(limitMs, () => this.end.end(fault()));
  }
}
