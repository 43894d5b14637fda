import type { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import { notReadyHeader } from "../../contract/route-table.ts";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";
import type { Http2Stream, StreamOwner } from "../../http2/stream.ts";
import { errorCodes } from "../../http2/wire.ts";
import type { PodConnections } from "../grpc/pods/pod-connections.ts";
import { headerValue } from "../http2/header-record.ts";
import type { LivePod } from "../routing/live.ts";
import type { CopyPlace } from "./copy.ts";

/** A call of gRPC that its client has the answer to. */
export interface CallOrder {
  /** As the pod of the copy is to get them. */
  readonly headersFor: (pod: LivePod) => HeaderList;
  /** The whole request. */
  readonly body: Buffer;
  /** Its client's answer is a good one: only of those is it told how copies fail. */
  readonly isGood: boolean;
}

interface CallCopyParts {
  readonly clock: Clock;
  readonly sessions: PodConnections;
}

/** One copy of a call. It begins when the call has ended, and what comes back is dropped but for its status. */
export class CallCopy implements StreamOwner {
  readonly #order: CallOrder;
  readonly #place: CopyPlace;
  readonly #parts: CallCopyParts;
  readonly #cancelDeadline: () => void;
  #stream: Http2Stream | undefined;
  #status: string | undefined;
  /** The pod loads its model: that says nothing of the revision. */
  #isLoading = false;
  #isOver = false;

  constructor(order: CallOrder, place: CopyPlace, parts: CallCopyParts) {
    this.#order = order;
    this.#place = place;
    this.#parts = parts;
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

  data(): void {}

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
    if (this.#order.isGood && !isGood && !this.#isLoading) {
      counts.failed += 1;
      changed();
    }
    ended();
  }
}
