import { Buffer } from "node:buffer";
import type { Http2Stream } from "../../../http2/stream.ts";
import type { CallEnd } from "../call-end.ts";

/** As of bodies over HTTP/1.1: so much is kept, so that a call can go to another pod when one breaks off. */
const repeatableBytes = 64 * 1024;
/** Bytes that come in more pieces than this are put together: each piece holds on to what was read with it. */
const maxPieces = 64;
/** So often each new piece is a reason to look at what has come; then only twice as many bytes, or the end. */
const promptLooks = 32;

/** Looks at or changes what passes. Throws a fault to end the call. */
export type Pass = (chunk: Buffer) => Buffer;

interface Sink {
  readonly pod: Http2Stream;
  readonly pass: Pass;
}

/** What a client sends, from its first byte on: kept as far as it can be sent again, and passed on at the pod's pace. */
export class RequestSource {
  readonly #client: Http2Stream;
  readonly #failed: (thrown: unknown) => void;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #isRepeatable = true;
  #isEnded = false;
  #look: (() => void) | undefined;
  #sink: Sink | undefined;

  /** `failed` is told what a `Pass` threw. */
  constructor(client: Http2Stream, failed: (thrown: unknown) => void) {
    this.#client = client;
    this.#failed = failed;
  }

  /** Bytes have come. */
  came(chunk: Buffer): void {
    if (this.#isRepeatable) this.#keep(chunk);
    this.#write(chunk);
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
    return this.#keptBytes;
  }

  /** Calls back once `isEnough` says so of the bytes that have come, or no more come before somebody gets them. */
  beginning(isEnough: (bytes: Buffer) => boolean, end: CallEnd, begun: () => void): void {
    let looks = 0;
    let lookedBytes = 0;
    const look = (): void => {
      const isLast = this.#isEnded || this.#keptBytes > repeatableBytes || end.isOver;
      if (looks >= promptLooks && this.#keptBytes < 2 * lookedBytes && !isLast) return;
      looks += 1;
      lookedBytes = this.#keptBytes;
      if (!isEnough(joined(this.#kept)) && !isLast) return;
      this.#look = undefined;
      begun();
    };
    this.#look = look;
    end.onEnd(() => this.#look?.());
    if (this.#keptBytes > 0 || this.#isEnded) this.#look?.();
  }

  /** Sends a pod everything, from the first byte on. */
  sendTo(pod: Http2Stream, pass: Pass): void {
    this.#sink = { pod, pass };
    this.#client.resume();
    const all = joined(this.#kept);
    if (this.#keptBytes > repeatableBytes) this.#forget();
    if (!this.#isEnded) {
      if (all.length > 0) this.#write(all);
      return;
    }
    try {
      pod.end(pass(all));
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  /** Lets the pod go: what comes is kept again. */
  release(): void {
    this.#sink = undefined;
    if (this.#keptBytes <= repeatableBytes) this.#client.resume();
  }

  #write(chunk: Buffer): void {
    const sink = this.#sink;
    if (sink === undefined || sink.pod.isClosed) return;
    try {
      const bytes = sink.pass(chunk);
      if (bytes.length === 0 || sink.pod.write(bytes)) return;
    } catch (thrown) {
      this.#failed(thrown);
      return;
    }
    this.#client.pause();
  }

  #keep(chunk: Buffer): void {
    if (this.#kept.length === 0) this.#kept = [chunk];
    else this.#kept.push(chunk);
    if (this.#kept.length > maxPieces) this.#kept = [Buffer.concat(this.#kept)];
    this.#keptBytes += chunk.length;
    if (this.#keptBytes <= repeatableBytes) return;
    if (this.#sink === undefined) this.#client.pause();
    else this.#forget();
  }

  #forget(): void {
    this.#kept = [];
    this.#keptBytes = 0;
    this.#isRepeatable = false;
  }
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}
