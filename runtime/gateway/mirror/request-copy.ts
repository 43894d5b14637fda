import type { Clock } from "../../base/clock.ts";
import type { MirrorCounts } from "../figures/counts.ts";
import type { LivePod } from "../routing/live.ts";
import type { Receiver, UpstreamConnection } from "../upstream/connection.ts";
import type { Connections } from "../upstream/connections.ts";
import type { ResponseHead } from "../upstream/response-head.ts";
import type { Comparisons } from "./comparisons.ts";
import type { Divergence } from "../../base/predictions/divergence.ts";
import { isSuccess, keepChunk, keepHead, type KeptAnswer, keptAnswer } from "./kept-answer.ts";

/** Where a copy goes, and what becomes of it. */
export interface CopyPlace {
  readonly pod: LivePod;
  readonly timeoutMs: number;
  /** Absent: answers are not compared. */
  readonly tolerance: number | undefined;
  readonly counts: MirrorCounts;
  /** Told when counts changed. */
  readonly changed: () => void;
  /** Told when the pod says that it loads its model. */
  readonly loads: () => void;
  /** Told once: it is under way no more. */
  readonly ended: () => void;
}

interface CopyParts {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly comparisons: Comparisons;
}

/** One copy of a request. It is told what the client gets, and compares when both answers are there. */
export class Copy implements Receiver {
  /** Head and body as they were sent for the client. */
  readonly #bytes: Buffer;
  readonly #place: CopyPlace;
  readonly #parts: CopyParts;
  /** What the client gets. */
  readonly #client: KeptAnswer;
  readonly #own: KeptAnswer;
  readonly #cancelDeadline: () => void;
  #connection: UpstreamConnection | undefined;
  #isSettled = false;

  constructor(bytes: Buffer, place: CopyPlace, parts: CopyParts) {
    this.#bytes = bytes;
    this.#place = place;
    this.#parts = parts;
    this.#client = keptAnswer(place.tolerance !== undefined);
    this.#own = keptAnswer(place.tolerance !== undefined);
    place.pod.outstanding += 1;
    this.#cancelDeadline = parts.clock.after(place.timeoutMs, () => this.abort());
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
    this.#place.loads();
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
    this.#place.counts.sent += 1;
    this.#place.changed();
    this.#connection = this.#parts.connections.connection(this.#place.pod, true);
    this.#connection.send(this.#bytes, { isWhole: true, isHead: false }, this);
  }

  #end(isWhole: boolean): void {
    if (this.#own.isWhole !== undefined) return;
    this.#connection = undefined;
    this.#own.isWhole = isWhole;
    this.#place.pod.outstanding -= 1;
    this.#cancelDeadline();
    this.#place.ended();
    this.#settle();
  }

  #settle(): void {
    const [client, own] = [this.#client, this.#own];
    if (this.#isSettled || client.isWhole === undefined || own.isWhole === undefined) return;
    this.#isSettled = true;
    if (!client.isWhole || !isSuccess(client.status)) return;
    const { counts, changed, tolerance } = this.#place;
    const { comparisons } = this.#parts;
    counts.judged += 1;
    changed();
    if (!own.isWhole || !isSuccess(own.status)) counts.failed += 1;
    else if (tolerance !== undefined && client.isComparable && own.isComparable) {
      comparisons.compare({ client: client.chunks, copy: own.chunks, tolerance }, (found) => {
        if (found === undefined) return;
        addDivergence(counts, found);
        changed();
      });
    }
  }
}

/** Adds what a comparison found. */
export function addDivergence(counts: MirrorCounts, found: Divergence): void {
  counts.compared += 1;
  if (found.differs) counts.differing += 1;
  counts.maxAbsolute = Math.max(counts.maxAbsolute, found.maxAbsolute);
  counts.sumAbsolute += found.sumAbsolute;
  counts.numbers += found.numbers;
  counts.ranked += found.ranked;
  counts.agreeing += found.agreeing;
}
