import type { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Fault } from "../../base/fault.ts";
import type { BodyKind } from "./body.ts";

/** A client and its request, however it came: what an exchange with a pod needs to know and to do. */
export interface Client {
  readonly method: string;
  /** As it was asked for. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly bodyKind: BodyKind;
  /** Bytes that its body announced. */
  readonly sizeBytes: number;
  /** The head of an answer was written. */
  readonly hasAnswer: boolean;
  /** Port that it came to. */
  readonly localPort: number | undefined;
  /** Request line and headers for a pod that is to get a body of this kind and size. Throws `RequestUnreadable`. */
  requestHead(path: string, kind: BodyKind, sizeBytes: number): Buffer;
  /** Hands a body of kind `kept` over when it is complete, now or later. */
  readWhole(whole: (body: Buffer) => void): void;
  /** Hands a streamed body over as it comes. */
  readParts(part: (chunk: Buffer) => void, ended: () => void): void;
  pause(): void;
  resume(): void;
  /** Told once when the client goes away before its answer has ended, or is to be sent away with this fault. */
  whenGone(gone: (fault?: Fault) => void): void;
  /** Head of an answer: names and values in turn. A head that was told before may be told by the same list. */
  begin(status: number, headers: readonly string[]): void;
  /** False: it can take no more before `whenDrained`. */
  write(chunk: Buffer): boolean;
  whenDrained(drained: () => void): void;
  end(chunk: Buffer | undefined): void;
  /** Tells the fault instead of an answer, or breaks off the one that has begun. Returns the status told. */
  refuse(fault: Fault): number;
}
