import type { Buffer } from "node:buffer";
import type { Http2Stream } from "../../../http2/stream.ts";
import { type KeptRoom, KeptShare } from "../../passage/kept-room.ts";
import { repeatableBytes } from "../../proxy/body.ts";
import { Pieces } from "../../proxy/pieces.ts";
import { faults } from "../../faults.ts";
import type { CallEnd } from "../call-end.ts";

/** So often each new piece is a reason to look at what has come; then only twice as many bytes, or the end. */
const promptLooks = 32;

/** Looks at or changes what passes. Throws a fault to end the call. */
export type Pass = (chunk: Buffer) => Buffer;

interface Sink {
  readonly pod: Http2Stream;
  readonly pass: Pass;
}

/**
 * What a client sends, from its first byte on: passed on at the pod's pace, and kept as far as there is room for it, so that it can
 * go to another pod.
 */
export class RequestSource {
  readonly #client: Http2Stream;
  readonly #failed: (thrown: unknown) => void;
  readonly #share: KeptShare;
  readonly #kept = new Pieces();
  #isRepeatable = true;
  #isEnded = false;
  #look: (() => void) | undefined;
  #sink: Sink | undefined;

  /** `failed` is told what a `Pass` threw. */
  constructor(client: Http2Stream, room: KeptRoom, failed: (thrown: unknown) => void) {
    this.#client = client;
    this.#share = new KeptShare(room);
    this.#failed = failed;
  }

  /** Bytes have come. */
  came(chunk: Buffer): void {
    if (this.#isRepeatable) this.#keep(chunk);
    if (this.#sink !== undefined && !this.#write(chunk)) this.#client.pause();
    this.#look?.();
  }

  /** All has come. */
  ended(): void {
    this.#isEnded = true;
    this.#sink?.pod.end();
    this.#look?.();
  }

  /** The pod has room again. */
  drained(): void {
    if (this.#sink !== undefined) this.#client.resume();
  }

  /** False once more has been sent on than is kept. */
  get isRepeatable(): boolean {
    return this.#isRepeatable;
  }

  /** Bytes that can be sent, or sent again. */
  get keptBytes(): number {
    return this.#kept.sizeBytes;
  }

  /** The whole request, where it is small and all of it is there. */
  get whole(): Buffer | undefined {
    const isThere = this.#isEnded && this.#isRepeatable && this.#kept.sizeBytes <= repeatableBytes;
    return isThere ? this.#kept.whole() : undefined;
  }

  /** Calls back once `isEnough` says so of the bytes that have come, or no more come before somebody gets them. */
  beginning(isEnough: (bytes: Buffer) => boolean, end: CallEnd, begun: () => void): void {
    let looks = 0;
    let lookedBytes = 0;
    const look = (): void => {
      const isLast = this.#isEnded || this.keptBytes > repeatableBytes || end.isOver;
      if (looks >= promptLooks && this.keptBytes < 2 * lookedBytes && !isLast) return;
      // With the end of most calls nothing comes that was not looked at before.
      const isSeen = looks > 0 && this.keptBytes === lookedBytes;
      looks += 1;
      lookedBytes = this.keptBytes;
      if ((isSeen || !isEnough(this.#kept.whole())) && !isLast) return;
      this.#look = undefined;
      begun();
    };
    this.#look = look;
    end.onEnd(() => this.#look?.());
    if (this.keptBytes > 0 || this.#isEnded) this.#look?.();
  }

  /** Sends a pod everything, from the first byte on. */
  sendTo(pod: Http2Stream, pass: Pass): void {
    this.#sink = { pod, pass };
    if (this.#isEnded && this.#kept.list.length <= 1) {
      this.#sendWhole(pod, pass, this.#kept.whole());
      return;
    }
    let takesMore = true;
    for (const piece of this.#kept.list) takesMore = this.#write(piece);
    if (this.#isEnded) pod.end();
    else if (takesMore) this.#client.resume();
  }

  /** All that there is goes with what says that no more follows. */
  #sendWhole(pod: Http2Stream, pass: Pass, all: Buffer): void {
    try {
      pod.end(pass(all));
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  /** It goes to no other pod any more: an answer is on its way, or nobody waits for one. */
  forget(): void {
    this.#kept.release();
    this.#isRepeatable = false;
    this.#share.release();
  }

  /** Lets the pod go: what comes is kept again. */
  release(): void {
    this.#sink = undefined;
    if (this.keptBytes <= repeatableBytes) this.#client.resume();
    else this.#client.pause();
  }

  /** False: the pod takes no more for now, or not at all. */
  #write(chunk: Buffer): boolean {
    const sink = this.#sink;
    if (sink === undefined || sink.pod.isClosed) return false;
    try {
      const bytes = sink.pass(chunk);
      return bytes.length === 0 || sink.pod.write(bytes);
    } catch (thrown) {
      this.#failed(thrown);
      return false;
    }
  }

  #keep(chunk: Buffer): void {
    this.#kept.add(chunk);
    if (this.keptBytes <= repeatableBytes) {
      if (!this.#share.takeShort(chunk.length)) this.#failed(faults.BodiesTooMany({}));
      return;
    }
    const hasRoom = this.#share.take(chunk.length);
    if (this.#sink === undefined) this.#client.pause();
    else if (!hasRoom) this.forget();
  }
}
