import type { Clock } from "../../base/clock.ts";
import type { MirrorCounts } from "../figures/counts.ts";
import type { LivePod } from "../routing/live.ts";
import type { Receiver, UpstreamConnection } from "../upstream/connection.ts";
import type { Connections } from "../upstream/connections.ts";
import type { ResponseHead } from "../upstream/response-head.ts";
import type { Comparisons } from "./comparisons.ts";
import type { Divergence } from "../../base/answers/divergence.ts";
import { isSuccess, keepChunk, keepHead, type KeptAnswer, keptAnswer } from "./kept-answer.ts";

interface CopyParts {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly comparisons: Comparisons;
  readonly counts: MirrorCounts;
  /** Told when counts changed. */
  readonly changed: () => void;
  /** Told when the pod says that it loads its model. */
  readonly loads: () => void;
  /** Told once: it is under way no more. */
  readonly ended: () => void;
}

interface CopyOrder {
  /** Head and body as they were sent for the client. */
  readonly bytes: Buffer;
  readonly pod: LivePod;
  readonly timeoutMs: number;
  /** Absent: answers are not compared. */
  readonly tolerance: number | undefined;
}

/** One copy of a request. It is told what the client gets, and compares when both answers are there. */
export class Copy implements Receiver {
  readonly #order: CopyOrder;
  readonly #parts: CopyParts;
  /** What the client gets. */
  readonly #client: KeptAnswer;
  readonly #own: KeptAnswer;
  readonly #cancelDeadline: () => void;
  #connection: UpstreamConnection | undefined;
  #isSettled = false;

  constructor(order: CopyOrder, parts: CopyParts) {
    this.#order = order;
    this.#parts = parts;
    this.#client = keptAnswer(order.tolerance !== undefined);
    this.#own = keptAnswer(order.tolerance !== undefined);
    order.pod.outstanding += 1;
    this.#cancelDeadline = parts.clock.after(order.timeoutMs, () => this.abort());
    // The client's request goes first.
    setImmediate(() => this.#send());
  }

  clientHead(head: ResponseHead): void {
    keepHead(this.#client, head);
  }

  clientChunk(chunk: Buffer): void {
    keepChunk(this.#client, chunk);
  }

  /** `isWhole` is false when the client's answer broke off or never began. */
  clientEnd(isWhole: boolean): void {
    this.#client.isWhole = isWhole;
    this.#settle();
  }

  /** Ends it as failed, unless its answer is there. */
  abort(): void {
    if (this.#own.isWhole !== undefined) return;
    this.#connection?.destroy();
    this.#end(false);
  }

  onReady(): void {}

  onHead(head: ResponseHead): void {
    keepHead(this.#own, head);
    if (!head.isNotReady) return;
    // That says nothing of the revision.
    this.#isSettled = true;
    this.#parts.loads();
  }

  onData(chunk: Buffer): boolean {
    keepChunk(this.#own, chunk);
    return true;
  }

  onEnd(chunk: Buffer | undefined): void {
    if (chunk !== undefined) keepChunk(this.#own, chunk);
    this.#end(true);
  }

  onDrain(): void {}

  onFailed(): void {
    this.#end(false);
  }

  #send(): void {
    if (this.#own.isWhole !== undefined) return;
    this.#parts.counts.sent += 1;
    this.#parts.changed();
    this.#connection = this.#parts.connections.connection(this.#order.pod, true);
    this.#connection.send(this.#order.bytes, { isWhole: true, isHead: false }, this);
  }

  #end(isWhole: boolean): void {
    if (this.#own.isWhole !== undefined) return;
    this.#connection = undefined;
    this.#own.isWhole = isWhole;
    this.#order.pod.outstanding -= 1;
    this.#cancelDeadline();
    this.#parts.ended();
    this.#settle();
  }

  #settle(): void {
    const [client, own] = [this.#client, this.#own];
    if (this.#isSettled || client.isWhole === undefined || own.isWhole === undefined) return;
    this.#isSettled = true;
    if (!client.isWhole || !isSuccess(client.status)) return;
    const { counts, changed, comparisons } = this.#parts;
    const { tolerance } = this.#order;
    if (!own.isWhole || !isSuccess(own.status)) {
      counts.failed += 1;
      changed();
    } else if (tolerance !== undefined && client.isComparable && own.isComparable) {
      comparisons.compare(client.chunks, own.chunks, tolerance, (found) => {
        if (found === undefined) return;
        add(counts, found);
        changed();
      });
    }
  }
}

function add(counts: MirrorCounts, found: Divergence): void {
  counts.compared += 1;
  if (found.isDiffering) counts.differing += 1;
  counts.maxAbsolute = Math.max(counts.maxAbsolute, found.maxAbsolute);
  counts.sumAbsolute += found.sumAbsolute;
  counts.numbers += found.numbers;
  counts.ranked += found.ranked;
  counts.agreeing += found.agreeing;
}
