import type { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import { notReadyHeader } from "../../contract/route-table.ts";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";
import type { Http2Stream, StreamOwner } from "../../http2/stream.ts";
import { errorCodes } from "../../http2/wire.ts";
import type { PodConnections } from "../grpc/pods/pod-connections.ts";
import { headerValue } from "../http2/header-record.ts";
import type { LivePod } from "../routing/live.ts";
import { isComparableCall } from "./call-answer.ts";
import type { Comparisons } from "./comparisons.ts";
import { addDivergence, type CopyPlace } from "./copy.ts";
import { maxBytes } from "./kept-answer.ts";

/** A call of gRPC that its client has the answer to. */
export interface CallOrder {
  /** As the pod of the copy is to get them. */
  readonly headersFor: (pod: LivePod) => HeaderList;
  /** The whole request. */
  readonly body: Buffer;
  readonly method: string;
  /** Its client's answer is a good one: only of those is it told how copies do. */
  readonly isGood: boolean;
  /** The message of that answer with its prefix; absent: it was too long to be compared. */
  readonly answer: Buffer | undefined;
}

interface CallCopyParts {
  readonly clock: Clock;
  readonly sessions: PodConnections;
  readonly comparisons: Comparisons;
}

/** One copy of a call. It begins when the call has ended; what comes back is compared with what its client got, and dropped. */
export class CallCopy implements StreamOwner {
  readonly #order: CallOrder;
  readonly #place: CopyPlace;
  readonly #parts: CallCopyParts;
  readonly #cancelDeadline: () => void;
  #stream: Http2Stream | undefined;
  #status: string | undefined;
  /** What came back, as long as it is to be compared. */
  #chunks: Buffer[] | undefined;
  #sizeBytes = 0;
  /** The pod loads its model: that says nothing of the revision. */
  #isLoading = false;
  #isOver = false;

  constructor(order: CallOrder, place: CopyPlace, parts: CallCopyParts) {
    this.#order = order;
    this.#place = place;
    this.#parts = parts;
    const { answer, isGood, method } = order;
    if (place.tolerance !== undefined && isGood && answer !== undefined && isComparableCall(method)) this.#chunks = [];
    place.pod.outstanding += 1;
    this.#cancelDeadline = parts.clock.after(place.timeoutMs, () => this.abort());
    // Clients go first.
    setImmediate(() => this.#send());
  }

  abort(): void {
    this.#end(false);
    this.#stream?.reset(errorCodes.cancel);
  }

  headersCame(list: HeaderList): void {
    this.#status = headerValue(list, "grpc-status") ?? this.#status;
    if (this.#isOver || headerValue(list, notReadyHeader) === undefined) return;
    this.#isLoading = true;
    this.#place.loads();
  }

  data(chunk: Buffer): void {
    if (this.#chunks === undefined) return;
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes <= maxBytes) this.#chunks.push(chunk);
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
    const { pod, counts, changed } = this.#place;
    const { headersFor, body } = this.#order;
    counts.sent += 1;
    changed();
    try {
      this.#stream = this.#parts.sessions.connection(pod).request(headersFor(pod), this);
      this.#stream.end(body);
    } catch {
      // Its connection ended since it was chosen.
      this.#end(false);
    }
  }

  #end(isGood: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelDeadline();
    const { pod, counts, changed, ended } = this.#place;
    pod.outstanding -= 1;
    if (this.#order.isGood && !this.#isLoading) {
      counts.judged += 1;
      if (!isGood) counts.failed += 1;
      changed();
    }
    if (isGood) this.#compare();
    ended();
  }

  #compare(): void {
    const { tolerance, counts, changed } = this.#place;
    const { answer, method } = this.#order;
    const copy = this.#chunks;
    if (copy === undefined || answer === undefined || tolerance === undefined) return;
    this.#chunks = undefined;
    this.#parts.comparisons.compare({ client: [answer], copy, tolerance, method }, (found) => {
      if (found === undefined) return;
      addDivergence(counts, found);
      changed();
    });
  }
}
