import type { Buffer } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { Fault } from "../../base/fault.ts";
import type { BodyKind } from "./body.ts";

/** A client connection's current request, whatever its HTTP version: the downstream side of an exchange. */
export interface Client {
  readonly method: string;
  /** As requested. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly bodyKind: BodyKind;
  /** Declared body size. */
  readonly sizeBytes: number;
  /** The response head was written. */
  readonly hasAnswer: boolean;
  /** Local port of the connection. */
  readonly localPort: number | undefined;
  /** Request line and headers for a pod that gets a body of this kind and size. Throws `RequestUnreadable`. */
  requestHead(path: string, kind: BodyKind, sizeBytes: number): Buffer;
  /** Calls back with a body of kind `buffered` once it is complete, now or later. */
  readWhole(whole: (body: Buffer) => void): void;
  /** Calls back with each chunk of a streamed body. */
  readParts(part: (chunk: Buffer) => void, ended: () => void): void;
  pause(): void;
  resume(): void;
  /** Calls back once if the client disconnects before the response ends, or must be rejected with this fault. */
  whenGone(gone: (fault?: Fault) => void): void;
  /** Writes the response head: alternating names and values. Passing the same list again lets implementations reuse its bytes. */
  begin(status: number, headers: readonly string[]): void;
  /** False: wait for `whenDrained` before writing more. */
  write(chunk: Buffer): boolean;
  whenDrained(drained: () => void): void;
  end(chunk: Buffer | undefined): void;
  /** Responds with the fault, or breaks off a response that has begun. Returns the status that was sent. */
  refuse(fault: Fault): number;
}
