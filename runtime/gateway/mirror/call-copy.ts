import type { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import { notReadyHeader } from "../../contract/route-table.ts";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";
import type { Http2Stream, StreamOwner } from "../../http2/stream.ts";
import { errorCodes } from "../../http2/wire.ts";
import type { Http2Pool } from "../grpc/pods/http2-pool.ts";
import { headerValue } from "../http2/header-record.ts";
import type { LivePod } from "../routing/live-route.ts";
import { isComparableCall } from "./call-answer.ts";
import type { Comparisons } from "./comparisons.ts";
import { addDivergence, type CopyTarget } from "./request-copy.ts";
import { maxCapturedBytes } from "./captured-answer.ts";

/** A gRPC call that was answered, to be mirrored. */
export interface MirroredCall {
  /** Headers for the pod that gets the copy. */
  readonly headersFor: (pod: LivePod) => HeaderList;
  /** The whole request. */
  readonly body: Buffer;
  readonly method: string;
  /** The client got a successful answer: only then is the copy judged. */
  readonly isGood: boolean;
  /** The message of that answer with its prefix; absent: it was too long to be compared. */
  readonly answer: Buffer | undefined;
}

interface CallCopyParts {
  readonly clock: Clock;
  readonly http2Pool: Http2Pool;
  readonly comparisons: Comparisons;
}

/** One mirrored call. It is sent when the client's call has ended; its response is compared with the client's and dropped. */
export class CallCopy implements StreamOwner {
  readonly #call: MirroredCall;
  readonly #target: CopyTarget;
  readonly #parts: CallCopyParts;
  readonly #cancelDeadline: () => void;
  #stream: Http2Stream | undefined;
  #status: string | undefined;
  /** The response, as long as it is to be compared. */
  #chunks: Buffer[] | undefined;
  #sizeBytes = 0;
  /** The pod was loading its model, which says nothing about the revision. */
  #isLoading = false;
  #isOver = false;

  constructor(call: MirroredCall, target: CopyTarget, parts: CallCopyParts) {
    this.#call = call;
    this.#target = target;
    this.#parts = parts;
    const { answer, isGood, method } = call;
    if (target.tolerance !== undefined && isGood && answer !== undefined && isComparableCall(method)) this.#chunks = [];
    target.pod.outstanding += 1;
    this.#cancelDeadline = parts.clock.after(target.timeoutMs, () => this.abort());
    // Clients' requests go first.
    setImmediate(() => this.#send());
  }

  abort(): void {
    this.#end(false);
    this.#stream?.reset(errorCodes.cancel);
  }

  headersReceived(list: HeaderList): void {
    this.#status = headerValue(list, "grpc-status") ?? this.#status;
    if (this.#isOver || headerValue(list, notReadyHeader) === undefined) return;
    this.#isLoading = true;
    this.#target.onPodLoading();
  }

  data(chunk: Buffer): void {
    if (this.#chunks === undefined) return;
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes <= maxCapturedBytes) this.#chunks.push(chunk);
    else this.#chunks = undefined;
  }

  ended(): void {
    this.#end(this.#status === "0");
    this.#stream?.reset(errorCodes.cancel);
  }

  drained(): void {}

  closed(): void {
    this.#end(false);
  }

  #send(): void {
    if (this.#isOver) return;
    const { pod, counts, changed } = this.#target;
    const { headersFor, body } = this.#call;
    counts.sent += 1;
    changed();
    try {
      this.#stream = this.#parts.http2Pool.connection(pod).request(headersFor(pod), this);
      this.#stream.end(body);
    } catch {
      // The connection closed after it was chosen.
      this.#end(false);
    }
  }

  #end(isGood: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelDeadline();
    const { pod, counts, changed, ended } = this.#target;
    pod.outstanding -= 1;
    if (this.#call.isGood && !this.#isLoading) {
      counts.judged += 1;
      if (!isGood) counts.failed += 1;
      changed();
    }
    if (isGood) this.#compare();
    ended();
  }

  #compare(): void {
    const { tolerance, counts, changed } = this.#target;
    const { answer, method } = this.#call;
    const copy = this.#chunks;
    if (copy === undefined || answer === undefined || tolerance === undefined) return;
    this.#chunks = undefined;
    this.#parts.comparisons.compare({ client: [answer], copy, tolerance, method }, (divergence) => {
      if (divergence === undefined) return;
      addDivergence(counts, divergence);
      changed();
    });
  }
}
