import { Buffer } from "node:buffer";
import type { Http2Connection } from "../../../http2/connection.ts";
import type { HeaderList } from "../../../http2/hpack/header-writer.ts";
import type { Http2Stream, StreamOwner } from "../../../http2/stream.ts";
import { errorCodes, errorName } from "../../../http2/wire.ts";
import { notReadyHeader } from "../../../contract/route-table.ts";
import { faults } from "../../faults.ts";
import { headerValue } from "../../http2/header-record.ts";
import type { Failure } from "../../passage/passage.ts";
import { repeatableBytes } from "../../proxy/body.ts";
import type { Target } from "../../routing/choice.ts";
import type { ClientCall, RoutedCall } from "../call.ts";
import { grpcCodes } from "../status.ts";
import { clientHeaders, podHeaders } from "./call-headers.ts";

/** An answer that has come whole. */
export interface Answering {
  readonly status: string;
  /** With its prefix; absent when there is none, and when the client has it already since it is long. */
  readonly message: Buffer | undefined;
}

/** Told once how it ends. */
export interface AttemptEnd {
  /** What the client asked is still there, for the last time. */
  answering(answer: Answering, target: Target): void;
  /** The whole answer, with this `grpc-status`, is on its way to the client. */
  answered(status: string): void;
  failed(failure: Failure): void;
}

/** A call at one pod: the request goes there and the answer comes back, each way at the receiver's pace. */
export class Attempt implements StreamOwner {
  readonly #routed: RoutedCall;
  readonly #call: ClientCall;
  readonly #target: Target;
  readonly #pod: Http2Connection;
  readonly #end: AttemptEnd;
  #stream: Http2Stream | undefined;
  #trailers: HeaderList | undefined;
  /** An answer of which the client has nothing yet: one message, and small. */
  #kept: { readonly headers: HeaderList; readonly chunks: Buffer[]; sizeBytes: number } | undefined;
  #cause: unknown;
  #isSettled = false;

  constructor(routed: RoutedCall, target: Target, pod: Http2Connection, end: AttemptEnd) {
    this.#routed = routed;
    this.#call = routed.call;
    this.#target = target;
    this.#pod = pod;
    this.#end = end;
  }

  start(): void {
    const call = this.#call;
    try {
      const headers = podHeaders(call.head, call.leftMs(), this.#target.pod.address);
      this.#stream = this.#pod.request(headers, this);
    } catch (thrown) {
      // The connection ended since it was chosen.
      this.#cause = thrown;
      this.#fail(true);
      return;
    }
    call.source.sendTo(this.#stream, this.#routed.pass());
  }

  /** Gives it up: nothing is told any more. */
  abort(): void {
    this.#isSettled = true;
    this.#stream?.reset(errorCodes.cancel);
  }

  headersCame(list: HeaderList, isLast: boolean): void {
    if (this.#isSettled) return;
    const isTrailers = list[0] !== ":status";
    if (isTrailers) this.#trailers = list;
    else if (isLast) this.#refused(list);
    else this.#begin(clientHeaders(list, this.#target.revision.hash));
  }

  data(chunk: Buffer): void {
    const { answer } = this.#call;
    if (this.#isSettled || this.#keeps(chunk) || answer.write(chunk)) return;
    this.#stream?.pause();
    answer.onDrain(() => this.#stream?.resume());
  }

  ended(): void {
    const trailers = this.#trailers;
    if (this.#isSettled || trailers === undefined) return;
    this.#succeed(trailers, [trailers], this.#passKept());
  }

  drained(): void {
    this.#call.source.drained();
  }

  crowded(): void {
    this.#call.end.end(faults.BodiesTooMany({}));
  }

  closed(code: number | undefined): void {
    const { isOver, hasConnected, cause } = this.#pod;
    if (isOver) this.#cause ??= cause ?? new Error("it closed the connection");
    else if (code !== undefined) this.#cause ??= new Error(`it reset the stream with ${errorName(code)}`);
    // RFC 9113 §8.7: a refused stream, and one above the last of a GOAWAY, was not looked at.
    this.#fail(!hasConnected || code === errorCodes.refusedStream);
  }

  /** An answer of one message goes to the client whole: a pod that dies before its status has given none, and another may. */
  #begin(headers: HeaderList): void {
    const { model, isStream } = this.#call.head.shape;
    if (model !== undefined && isStream !== true) this.#kept = { headers, chunks: [], sizeBytes: 0 };
    else {
      this.#call.source.forget();
      this.#call.answer.begin(headers);
    }
  }

  /** False: it is to be passed on. */
  #keeps(chunk: Buffer): boolean {
    const kept = this.#kept;
    if (kept === undefined) return false;
    kept.sizeBytes += chunk.length;
    if (kept.sizeBytes <= repeatableBytes) kept.chunks.push(chunk);
    else this.#passKept();
    return this.#kept !== undefined;
  }

  /** Returns the message, unless the client had that before. */
  #passKept(): Buffer | undefined {
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    this.#kept = undefined;
    const { headers, chunks } = kept;
    const message = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    this.#call.answer.begin(headers);
    if (message !== undefined && message.length > 0) this.#call.answer.write(message);
    return message;
  }

  /** Its headers are trailers as well, and there are no messages. */
  #refused(headers: HeaderList): void {
    if (headerValue(headers, notReadyHeader) !== undefined && !this.#routed.isOwnVersion) {
      this.#cause = new Error("it loads its model");
      this.#fail(false, true);
    } else if (this.#isPodLeaving(headers)) {
      this.#cause = new Error("it is terminating");
      this.#fail(false);
    } else {
      this.#succeed(headers, [[], clientHeaders(headers, this.#target.revision.hash)]);
    }
  }

  /** A pod that ends has nothing to say of the model; another one may. */
  #isPodLeaving(headers: HeaderList): boolean {
    const isUnavailable = headerValue(headers, "grpc-status") === String(grpcCodes.UNAVAILABLE);
    return isUnavailable && (this.#target.pod.isLeaving || this.#pod.isPeerLeaving) && this.#call.source.isRepeatable;
  }

  /** `told`: to the client, after what it has already. */
  #succeed(trailers: HeaderList, told: readonly [trailers: HeaderList, headers?: HeaderList], message?: Buffer): void {
    const status = String(headerValue(trailers, "grpc-status"));
    this.#end.answering({ status, message }, this.#target);
    this.#call.answer.end(...told);
    this.#settle();
    this.#end.answered(status);
  }

  /** A pod may answer before it has heard everything: the rest is of no use to it. */
  #settle(): void {
    this.#isSettled = true;
    if (this.#stream?.hasEnded === false) this.#stream.reset(errorCodes.cancel);
  }

  #fail(isUnreached: boolean, isLoading = false): void {
    if (this.#isSettled) return;
    this.#settle();
    const { source, answer } = this.#call;
    source.release();
    const cause = this.#cause ?? new Error("it ended its answer without a status");
    this.#end.failed({ cause, isUnreached, isLoading, mayRepeat: !answer.hasBegun && source.isRepeatable });
  }
}
