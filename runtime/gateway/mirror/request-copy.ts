import type { Clock } from "../../base/clock.ts";
import type { MirrorCounts } from "../figures/counts.ts";
import type { LivePod } from "../routing/live-route.ts";
import type { Receiver, UpstreamConnection } from "../upstream/connection.ts";
import type { ConnectionPool } from "../upstream/connection-pool.ts";
import type { ResponseHead } from "../upstream/response-head.ts";
import type { Comparisons } from "./comparisons.ts";
import type { Divergence } from "../../base/predictions/divergence.ts";
import { isSuccess, captureChunk, captureHead, type CapturedAnswer, capturedAnswer } from "./captured-answer.ts";

/** The pod of a copy, and what is done with the result. */
export interface CopyTarget {
  readonly pod: LivePod;
  readonly timeoutMs: number;
  /** Absent: responses are not compared. */
  readonly tolerance: number | undefined;
  readonly counts: MirrorCounts;
  /** Called when counts changed. */
  readonly changed: () => void;
  /** Called when the pod responds that it is still loading its model. */
  readonly onPodLoading: () => void;
  /** Called once when the copy is no longer in flight. */
  readonly ended: () => void;
}

interface RequestCopyParts {
  readonly clock: Clock;
  readonly http1Pool: ConnectionPool;
  readonly comparisons: Comparisons;
}

/** One mirrored HTTP request. It is given the client's response, and compares it with its own when both are complete. */
export class RequestCopy implements Receiver {
  /** Head and body as sent for the client. */
  readonly #bytes: Buffer;
  readonly #target: CopyTarget;
  readonly #parts: RequestCopyParts;
  /** The client's response. */
  readonly #client: CapturedAnswer;
  readonly #mirrored: CapturedAnswer;
  readonly #cancelDeadline: () => void;
  #connection: UpstreamConnection | undefined;
  #isSettled = false;

  constructor(bytes: Buffer, target: CopyTarget, parts: RequestCopyParts) {
    this.#bytes = bytes;
    this.#target = target;
    this.#parts = parts;
    this.#client = capturedAnswer(target.tolerance !== undefined);
    this.#mirrored = capturedAnswer(target.tolerance !== undefined);
    target.pod.outstanding += 1;
    this.#cancelDeadline = parts.clock.after(target.timeoutMs, () => this.abort());
    // The client's request goes first.
    setImmediate(() => this.#send());
  }

  clientHead(head: ResponseHead): void {
    captureHead(this.#client, head);
  }

  clientChunk(chunk: Buffer): void {
    captureChunk(this.#client, chunk);
  }

  /** `isWhole`: false when the client's response broke off or never began. */
  clientEnd(isWhole: boolean): void {
    this.#client.isWhole = isWhole;
    this.#settle();
  }

  /** Aborts the copy as failed, unless its response is complete. */
  abort(): void {
    if (this.#mirrored.isWhole !== undefined) return;
    this.#connection?.destroy();
    this.#end(false);
  }

  onReady(): void {}

  onHead(head: ResponseHead): void {
    captureHead(this.#mirrored, head);
    if (!head.isNotReady) return;
    // It says nothing about the revision.
    this.#isSettled = true;
    this.#target.onPodLoading();
  }

  onData(chunk: Buffer): boolean {
    captureChunk(this.#mirrored, chunk);
    return true;
  }

  onEnd(chunk: Buffer | undefined): void {
    if (chunk !== undefined) captureChunk(this.#mirrored, chunk);
    this.#end(true);
  }

  onDrain(): void {}

  onFailed(): void {
    this.#end(false);
  }

  #send(): void {
    if (this.#mirrored.isWhole !== undefined) return;
    this.#target.counts.sent += 1;
    this.#target.changed();
    this.#connection = this.#parts.http1Pool.connection(this.#target.pod, true);
    this.#connection.send(this.#bytes, { isWhole: true, isHead: false }, this);
  }

  #end(isWhole: boolean): void {
    if (this.#mirrored.isWhole !== undefined) return;
    this.#connection = undefined;
    this.#mirrored.isWhole = isWhole;
    this.#target.pod.outstanding -= 1;
    this.#cancelDeadline();
    this.#target.ended();
    this.#settle();
  }

  #settle(): void {
    const [client, mirrored] = [this.#client, this.#mirrored];
    if (this.#isSettled || client.isWhole === undefined || mirrored.isWhole === undefined) return;
    this.#isSettled = true;
    if (!client.isWhole || !isSuccess(client.status)) return;
    const { counts, changed, tolerance } = this.#target;
    const { comparisons } = this.#parts;
    counts.judged += 1;
    changed();
    if (!mirrored.isWhole || !isSuccess(mirrored.status)) counts.failed += 1;
    else if (tolerance !== undefined && client.isComparable && mirrored.isComparable) {
      comparisons.compare({ client: client.chunks, copy: mirrored.chunks, tolerance }, (divergence) => {
        if (divergence === undefined) return;
        addDivergence(counts, divergence);
        changed();
      });
    }
  }
}

/** Adds the result of a comparison. */
export function addDivergence(counts: MirrorCounts, divergence: Divergence): void {
  counts.compared += 1;
  if (divergence.differs) counts.differing += 1;
  counts.maxAbsolute = Math.max(counts.maxAbsolute, divergence.maxAbsolute);
  counts.sumAbsolute += divergence.sumAbsolute;
  counts.numbers += divergence.numbers;
  counts.ranked += divergence.ranked;
  counts.agreeing += divergence.agreeing;
}
