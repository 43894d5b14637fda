import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { endStreamFlag, errorCodes } from "../../http2/node-http2.ts";
import { notReadyHeader } from "../../../contract/route-table.ts";
import type { Failure } from "../../passage/passage.ts";
import type { Target } from "../../routing/choice.ts";
import type { RoutedCall } from "../call.ts";
import { grpcCodes } from "../status.ts";
import { clientHeaders, podHeaders } from "./call-headers.ts";
import type { PodSession } from "./pod-sessions.ts";

/** Told once how it ends. */
export interface AttemptEnd {
  /** The whole answer, with this `grpc-status`, is on its way to the client. */
  readonly answered: (status: string) => void;
  readonly failed: (failure: Failure) => void;
}

/** A call at one pod: the request goes there and the answer comes back, each way at the receiver's pace. */
export class Attempt {
  readonly #call: RoutedCall;
  readonly #target: Target;
  readonly #pod: PodSession;
  readonly #end: AttemptEnd;
  #stream: ClientHttp2Stream | undefined;
  #trailers: IncomingHttpHeaders | undefined;
  #cause: unknown;
  #isSettled = false;

  constructor(call: RoutedCall, target: Target, pod: PodSession, end: AttemptEnd) {
    this.#call = call;
    this.#target = target;
    this.#pod = pod;
    this.#end = end;
  }

  start(): void {
    const { headers, leftMs, source, pass } = this.#call;
    try {
      this.#stream = this.#pod.session.request(podHeaders(headers, leftMs()), { endStream: false });
    } catch (thrown) {
      // The connection ended since it was chosen.
      this.#cause = thrown;
      this.#fail(true);
      return;
    }
    this.#follow(this.#stream);
    source.sendTo(this.#stream, pass());
  }

  /** Gives it up: nothing is told any more. */
  abort(): void {
    this.#isSettled = true;
    this.#stream?.close(errorCodes.cancel);
  }

  #follow(stream: ClientHttp2Stream): void {
    const { answer } = this.#call;
    this.#pod.streams += 1;
    stream.on("response", (headers, flags) => {
      if (!this.#isSettled) this.#answer(headers, (flags & endStreamFlag) !== 0);
    });
    stream.on("data", (chunk: Buffer) => {
      if (this.#isSettled || answer.write(chunk)) return;
      stream.pause();
      answer.onDrain(() => stream.resume());
    });
    stream.on("trailers", (headers) => {
      this.#trailers = headers;
    });
    stream.on("end", () => {
      const trailers = this.#trailers;
      if (this.#isSettled || trailers === undefined) return;
      answer.end({ ...trailers });
      this.#succeed(trailers);
      // A pod may answer before it has heard everything; Node would wait for the rest to go out.
      if (!stream.writableFinished) stream.destroy();
    });
    stream.on("error", (error) => {
      this.#cause = error;
    });
    stream.on("close", () => {
      this.#pod.streams -= 1;
      // RFC 9113 §8.7: a refused stream, and one above the last of a GOAWAY, was not looked at.
      this.#fail(!this.#pod.isConnected || stream.rstCode === errorCodes.refusedStream);
    });
  }

  /** `isAll`: the headers are trailers as well, and there are no messages. */
  #answer(headers: IncomingHttpHeaders, isAll: boolean): void {
    const { answer } = this.#call;
    const own = clientHeaders(headers, this.#target.revision.hash);
    if (!isAll) answer.begin(own);
    else if (headers[notReadyHeader] !== undefined && !this.#call.isOwnVersion) {
      this.#cause = new Error("it loads its model");
      this.#fail(false, true);
    } else if (this.#isPodLeaving(headers)) {
      this.#cause = new Error("it is terminating");
      this.#fail(false);
    } else {
      answer.end({}, own);
      this.#succeed(headers);
    }
  }

  /** A pod that ends has nothing to say of the model; another one may. */
  #isPodLeaving(headers: IncomingHttpHeaders): boolean {
    const isUnavailable = headers["grpc-status"] === String(grpcCodes.UNAVAILABLE);
    return isUnavailable && (this.#target.pod.isLeaving || this.#pod.isLeaving) && this.#call.source.isRepeatable;
  }

  #succeed(trailers: IncomingHttpHeaders): void {
    this.#isSettled = true;
    this.#end.answered(String(trailers["grpc-status"]));
  }

  #fail(isUnreached: boolean, isLoading = false): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    const { source, answer } = this.#call;
    source.release();
    const cause = this.#cause ?? new Error("it ended its answer without a status");
    this.#end.failed({ cause, isUnreached, isLoading, mayRepeat: !answer.hasBegun && source.isRepeatable });
  }
}
