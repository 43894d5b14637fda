import { Buffer } from "node:buffer";
import type { Http2Connection } from "../../../http2/connection.ts";
import type { HeaderList } from "../../../http2/hpack/header-writer.ts";
import type { Http2Stream, StreamOwner } from "../../../http2/stream.ts";
import { errorCodes, errorName } from "../../../http2/wire.ts";
import { notReadyHeader } from "../../../contract/route-table.ts";
import { faults } from "../../faults.ts";
import { headerValue } from "../../http2/header-record.ts";
import type { Failure } from "../../forwarding/forwarding.ts";
import { retryableBytes } from "../../proxy/body.ts";
import type { Target } from "../../routing/target.ts";
import type { ClientCall, RoutedCall } from "../call.ts";
import { grpcCodes } from "../status.ts";
import { clientHeaders, podHeaders } from "./call-headers.ts";

/** A complete response. */
export interface CallAnswer {
  readonly status: string;
  /** With its prefix; absent if there is none, or if it was long and has been sent already. */
  readonly message: Buffer | undefined;
}

/** Receives the result of an attempt, once. */
export interface AttemptListener {
  /** The response is complete, and the request is still buffered: last chance to copy both. */
  completed(answer: CallAnswer, target: Target): void;
  /** The whole response, with this `grpc-status`, was written to the client. */
  answered(status: string): void;
  failed(failure: Failure): void;
}

/** One attempt of a call at a pod: streams the request there and the response back, each at the receiver's pace. */
export class CallAttempt implements StreamOwner {
  readonly #routed: RoutedCall;
  readonly #call: ClientCall;
  readonly #target: Target;
  readonly #pod: Http2Connection;
  readonly #listener: AttemptListener;
  #stream: Http2Stream | undefined;
  #trailers: HeaderList | undefined;
  /** A single-message response of which nothing was sent to the client yet. */
  #buffered: { readonly headers: HeaderList; readonly chunks: Buffer[]; sizeBytes: number } | undefined;
  #cause: unknown;
  #isSettled = false;

  constructor(routed: RoutedCall, target: Target, pod: Http2Connection, listener: AttemptListener) {
    this.#routed = routed;
    this.#call = routed.call;
    this.#target = target;
    this.#pod = pod;
    this.#listener = listener;
  }

  start(): void {
    const call = this.#call;
    try {
      const headers = podHeaders(call.head, call.remainingMs(), this.#target.pod.address);
      this.#stream = this.#pod.request(headers, this);
    } catch (thrown) {
      // The connection closed after it was chosen.
      this.#cause = thrown;
      this.#fail(true);
      return;
    }
    call.source.sendTo(this.#stream, this.#routed.transform());
  }

  /** Aborts the attempt without a result. */
  abort(): void {
    this.#isSettled = true;
    this.#stream?.reset(errorCodes.cancel);
  }

  headersReceived(list: HeaderList, isLast: boolean): void {
    if (this.#isSettled) return;
    const isTrailers = list[0] !== ":status";
    if (isTrailers) this.#trailers = list;
    else if (isLast) this.#trailersOnly(list);
    else this.#begin(clientHeaders(list, this.#target.revision.hash));
  }

  data(chunk: Buffer): void {
    const { answer } = this.#call;
    if (this.#isSettled || this.#bufferChunk(chunk) || answer.write(chunk)) return;
    this.#stream?.pause();
    answer.onDrain(() => this.#stream?.resume());
  }

  ended(): void {
    const trailers = this.#trailers;
    if (this.#isSettled || trailers === undefined) return;
    this.#succeed(trailers, [trailers], this.#flushBuffered());
  }

  drained(): void {
    this.#call.source.drained();
  }

  overBudget(): void {
    this.#call.cancel(faults.BodiesTooMany({}));
  }

  closed(code: number | undefined): void {
    const { isOver, hasConnected, cause } = this.#pod;
    if (isOver) this.#cause ??= cause ?? new Error("it closed the connection");
    else if (code !== undefined) this.#cause ??= new Error(`it reset the stream with ${errorName(code)}`);
    // RFC 9113 §8.7: a refused stream, or one above the last stream of a GOAWAY, was not processed.
    this.#fail(!hasConnected || code === errorCodes.refusedStream);
  }

  /** Buffers a single-message response: if the pod dies before its status, the client has nothing of it and another pod can answer. */
  #begin(headers: HeaderList): void {
    const { model, isStream } = this.#call.head.shape;
    if (model !== undefined && isStream !== true) this.#buffered = { headers, chunks: [], sizeBytes: 0 };
    else {
      this.#call.source.stopBuffering();
      this.#call.answer.begin(headers);
    }
  }

  /** False: the chunk is to be sent on. */
  #bufferChunk(chunk: Buffer): boolean {
    const buffered = this.#buffered;
    if (buffered === undefined) return false;
    buffered.sizeBytes += chunk.length;
    if (buffered.sizeBytes <= retryableBytes) buffered.chunks.push(chunk);
    else this.#flushBuffered();
    return this.#buffered !== undefined;
  }

  /** Sends the buffered response. Returns the message, unless it was sent before. */
  #flushBuffered(): Buffer | undefined {
    const buffered = this.#buffered;
    if (buffered === undefined) return undefined;
    this.#buffered = undefined;
    const { headers, chunks } = buffered;
    const message = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    this.#call.answer.begin(headers);
    if (message !== undefined && message.length > 0) this.#call.answer.write(message);
    return message;
  }

  /** A trailers-only response. */
  #trailersOnly(headers: HeaderList): void {
    if (headerValue(headers, notReadyHeader) !== undefined && !this.#routed.isOwnVersion) {
      this.#cause = new Error("it is loading its model");
      this.#fail(false, true);
    } else if (this.#isPodLeaving(headers)) {
      this.#cause = new Error("it is terminating");
      this.#fail(false);
    } else {
      this.#succeed(headers, [[], clientHeaders(headers, this.#target.revision.hash)]);
    }
  }

  /** UNAVAILABLE from a terminating pod says nothing about the model; another pod may answer. */
  #isPodLeaving(headers: HeaderList): boolean {
    const isUnavailable = headerValue(headers, "grpc-status") === String(grpcCodes.UNAVAILABLE);
    return isUnavailable && (this.#target.pod.isLeaving || this.#pod.hasPeerGoaway) && this.#call.source.isRetryable;
  }

  /** `rest`: what completes the response to the client. */
  #succeed(trailers: HeaderList, rest: readonly [trailers: HeaderList, headers?: HeaderList], message?: Buffer): void {
    const status = String(headerValue(trailers, "grpc-status"));
    this.#listener.completed({ status, message }, this.#target);
    this.#call.answer.end(...rest);
    this.#settle();
    this.#listener.answered(status);
  }

  /** A pod may answer before it has received everything: the rest of the request is dropped. */
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
    this.#listener.failed({ cause, isUnreached, isLoading, mayRetry: !answer.hasBegun && source.isRetryable });
  }
}
