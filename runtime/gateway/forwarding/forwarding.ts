import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import { faults } from "../faults.ts";
import { countAnswer, countService, type Ending } from "../figures/counts.ts";
import type { Ledger } from "../figures/ledger.ts";
import { type Failed, firstTarget, isServable, nextTarget, type Target, type Wish } from "../routing/choice.ts";
import { enterHold, hasOthersBefore, leaveHold, returnToHold, type Waiter, widenWindow } from "../routing/hold.ts";
import type { LivePod, LiveRevision, LiveRoute } from "../routing/live.ts";
import type { PickParts } from "../routing/pick.ts";
import type { KeptRoom } from "./kept-room.ts";
import { endTurn, waitForTurn } from "./retry-turns.ts";
import { beginStay, endStay, type Stay, type StayEnd } from "./stay.ts";

/** What all requests through a gateway share. */
export interface PassageParts extends PickParts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  /** For bodies that pods have already. */
  readonly room: KeptRoom;
  /** Told of each request that begins to wait. */
  readonly waits: (live: LiveRoute) => void;
  /** Told of pods that say that they load their model. */
  readonly loads: (live: LiveRoute, pod: LivePod) => void;
}

/** A protocol's side of a request: it knows the client, and how a pod is asked. */
export interface Traveller {
  /** It may go: is to ask `target()` as soon as it can be sent on. Called again after failures and waits. */
  go(): void;
  /** It ends here: what a pod may have of it is to be given up, and the client to get the fault. Returns the status told. */
  stop(fault: Fault): number;
}

interface Journey {
  readonly live: LiveRoute;
  readonly wish: Wish;
  /** Bytes that the body announced. */
  readonly sizeBytes: number;
  /** Of the whole request, waiting included: the route's, or the client's own when that is shorter. */
  readonly timeoutMs: number;
  /** It lasts for as long as its client likes: its time says nothing of the pod. */
  readonly isStream?: boolean;
}

/** How a pod failed a request. */
export interface Failure {
  readonly cause: unknown;
  /** The pod took no connection: it has seen nothing of the request. */
  readonly isUnreached: boolean;
  /** It said that it loads its model: the request was not looked at. */
  readonly isLoading?: boolean;
  /** No byte of an answer has gone to the client, and the request is there to be sent again. */
  readonly mayRepeat: boolean;
}

/** A client that went away is not answered; nginx's status for that. */
const clientClosedRequest = 499;
/** A pod that breaks off before its first byte is left for another one at most this often. */
const attempts = 3;
/** A pod that takes no connection never saw the request: others are tried, and itself again, for this long. */
const unreachedMs = 5_000;
/** Between two tries of one pod. The table, which lags behind a pod's end by the time of a few messages, may name another then. */
const pauseMs = 50;
/**
 * A pod that took no connection is asked last for this long: with nothing under way it would look like the best one, and a
 * program that is started again takes connections before it has its model. Until then the table knows: what the kubelet
 * sees is here within seconds.
 */
const shunMs = 5_000;

/**
 * One request's way through the gateway, whatever its protocol: it waits while nothing is ready, goes to a pod of one
 * revision, to others when that fails it in time, and is counted once. Inference changes nothing on the server, so sending a
 * request twice is safe.
 */
export class Passage {
  readonly #journey: Journey;
  readonly #traveller: Traveller;
  readonly #parts: PassageParts;
  readonly #startedMs: number;
  readonly #cancelDeadline: () => void;
  /** Ends whatever it waits for at this moment. */
  #cancelWait: (() => void) | undefined;
  #isOver = false;
  #isAdmitted = false;
  #isAgain = false;
  #holdUntilMs = 0;
  #reachUntilMs = 0;
  #brokenOff = 0;
  #stay: Stay | undefined;
  /** Of the pod that had it last. */
  #revision: LiveRevision | undefined;
  /** The first choice, which what comes after keeps to, and the pods that failed. */
  #failed: (Failed & { readonly tried: Set<LivePod> }) | undefined;

  constructor(journey: Journey, traveller: Traveller, parts: PassageParts) {
    this.#journey = journey;
    this.#traveller = traveller;
    this.#parts = parts;
    this.#startedMs = parts.monotonic();
    this.#cancelDeadline = parts.clock.after(journey.timeoutMs, () => this.expire());
    journey.live.counts.arrivals += 1;
    parts.ledger.changed(journey.live.counts);
  }

  /** True when it was answered, stopped or left. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Lets the traveller go: now, or when something is ready. */
  start(): void {
    const { live, wish } = this.#journey;
    if (isServable(live, wish) && !hasOthersBefore(live)) this.#admit();
    else this.#wait();
  }

  /** Where to send it. Undefined: nothing is ready any more, and the traveller is told to go again later. */
  target(): Target | undefined {
    const { live, wish } = this.#journey;
    const failed = this.#failed;
    const target =
      failed === undefined ? firstTarget(live, wish, this.#parts) : nextTarget(live, wish, failed, this.#parts);
    if (target === undefined) {
      this.#withdraw();
      this.#wait();
      return undefined;
    }
    const nowMs = this.#parts.monotonic();
    if (this.#reachUntilMs === 0) this.#reachUntilMs = nowMs + unreachedMs;
    this.#stay = beginStay(target, nowMs, this.#journey.isStream !== true);
    this.#revision = target.revision;
    this.#parts.ledger.changed(live.counts);
    return target;
  }

  /** The last byte of an answer went to the client. */
  answered(status: number): void {
    if (this.#isOver) return;
    const nowMs = this.#parts.monotonic();
    this.#depart({ ending: "answered", status }, nowMs);
    this.#finish(status, nowMs);
    widenWindow(this.#journey.live, 1);
  }

  /** A pod broke off or took nothing. The traveller is told to go again when it may; else to stop. */
  failed({ isUnreached, isLoading = false, mayRepeat, cause }: Failure): void {
    const stay = this.#stay;
    if (this.#isOver || stay === undefined) return;
    const { pod, revision } = stay.target;
    const nowMs = this.#parts.monotonic();
    if (isLoading) this.#parts.loads(this.#journey.live, pod);
    else if (isUnreached) pod.shunnedUntilMs = nowMs + shunMs;
    else this.#brokenOff += 1;
    // Whoever loads is waited for like one that is not there yet.
    const isLate = nowMs > this.#reachUntilMs && !isLoading;
    if (!mayRepeat || this.#brokenOff === attempts || isLate) {
      this.#stop(endpointFault(this.#journey.live.route.key, pod, cause), "connection");
      return;
    }
    this.#depart(undefined);
    this.#withdraw();
    this.#failed ??= { revision, tried: new Set() };
    const wasTried = this.#failed.tried.has(pod);
    this.#failed.tried.add(pod);
    // A pod that fails for the second time is all there is.
    if (wasTried) this.#cancelWait = this.#parts.clock.after(pauseMs, () => this.#again());
    else this.#again();
  }

  /** The protocol refuses it: the client is told, and no pod is to blame. */
  refuse(fault: Fault): void {
    if (this.#isOver) return;
    const status = this.#traveller.stop(fault);
    if (this.#revision === undefined) this.#journey.live.counts.abandoned += 1;
    this.#depart({ ending: "answered", status });
    this.#finish(status);
  }

  /** Its time is over. */
  expire(): void {
    const { live, timeoutMs } = this.#journey;
    const { key } = live.route;
    const isClients = timeoutMs < live.route.timeoutMs;
    const fault = isClients ? faults.ClientTimePassed({ key, timeoutMs }) : faults.RequestTimedOut({ key, timeoutMs });
    this.#stop(fault, "timeout");
  }

  /** The client went away. */
  abort(): void {
    if (this.#isOver) return;
    if (this.#revision === undefined) this.#journey.live.counts.abandoned += 1;
    this.#depart(undefined);
    this.#finish(clientClosedRequest);
  }

  #admit(): void {
    this.#cancelWait = undefined;
    this.#isAdmitted = true;
    this.#journey.live.traffic.admitted += 1;
    this.#traveller.go();
  }

  #again(): void {
    const cancel = waitForTurn(this.#journey.live.traffic, () => {
      this.#isAgain = true;
      this.#journey.live.counts.repeated += 1;
      this.#admit();
    });
    if (cancel !== undefined) this.#cancelWait = cancel;
  }

  #wait(): void {
    const { live, wish, sizeBytes } = this.#journey;
    const { clock, ledger, waits } = this.#parts;
    const waiter: Waiter = {
      wish,
      sizeBytes,
      sinceMs: this.#startedMs,
      release: () => this.#release(cancelTimer),
      dismiss: (fault) => this.#stop(fault, "timeout"),
    };
    const isNew = this.#holdUntilMs === 0 && this.#failed === undefined;
    const { timeoutMs } = live.route.hold;
    const nowMs = this.#parts.monotonic();
    if (this.#holdUntilMs === 0) this.#holdUntilMs = nowMs + timeoutMs;
    const cancelTimer = clock.after(Math.max(0, this.#holdUntilMs - nowMs), () =>
      this.#stop(faults.HoldTimedOut({ key: live.route.key, timeoutMs }), "timeout"),
    );
    this.#cancelWait = () => {
      cancelTimer();
      leaveHold(live, waiter);
    };
    try {
      if (isNew) enterHold(live, waiter);
      else returnToHold(live, waiter);
    } catch (thrown) {
      this.#stop(Fault.from(thrown), "timeout");
      return;
    }
    ledger.changed(live.counts);
    waits(live);
  }

  #release(cancelTimer: () => void): void {
    cancelTimer();
    this.#reachUntilMs = 0;
    this.#parts.ledger.changed(this.#journey.live.counts);
    this.#admit();
  }

  #stop(fault: Fault, ending: Ending): void {
    if (this.#isOver) return;
    const { counts } = this.#journey.live;
    const status = this.#traveller.stop(fault);
    if (this.#stay !== undefined) this.#depart({ ending, status });
    else if (this.#revision === undefined) counts.refused += 1;
    else countService(this.#revision.counts, { ending, status, serviceMs: 0, isFirst: true });
    this.#finish(status);
  }

  #depart(end: StayEnd | undefined, nowMs = this.#parts.monotonic()): void {
    if (this.#stay === undefined) return;
    endStay(this.#stay, nowMs, end);
    this.#stay = undefined;
    this.#parts.ledger.changed(this.#journey.live.counts);
  }

  #finish(status: number, nowMs = this.#parts.monotonic()): void {
    this.#isOver = true;
    this.#cancelDeadline();
    this.#cancelWait?.();
    const { counts } = this.#journey.live;
    countAnswer(this.#revision?.counts ?? counts, status, nowMs - this.#startedMs);
    this.#parts.ledger.changed(counts);
    this.#withdraw();
  }

  /** Frees its place among those under way. */
  #withdraw(): void {
    const { traffic } = this.#journey.live;
    if (!this.#isAdmitted) return;
    this.#isAdmitted = false;
    traffic.admitted -= 1;
    if (!this.#isAgain) return;
    this.#isAgain = false;
    endTurn(traffic);
  }
}

function endpointFault(key: string, { endpoint }: LivePod, thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const cause = thrown instanceof Error ? thrown.message : String(thrown);
  return faults.EndpointFailed({ key, pod: endpoint.pod, cause }, thrown);
}
