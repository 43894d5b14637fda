import type { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";
import type { Http2Stream, StreamOwner } from "../../http2/stream.ts";
import { CallRefusedError, type CallStatus, statusTrailers } from "./call-status.ts";
import { framedMessage, MessageReader, type RawMessage } from "./message-reader.ts";

const answerHeaders: HeaderList = [":status", "200", "content-type", "application/grpc"];
const encodings: HeaderList = ["grpc-accept-encoding", "identity,deflate,gzip"];
const headers: HeaderList = [...answerHeaders, ...encodings];

/** Who answers a call: told of what comes on it. */
export interface CallListener {
  message(message: RawMessage): void;
  /** The client has said everything. */
  ended(): void;
  /** The client has left, or its time is over: nobody waits for the answer any more. */
  cancelled(): void;
}

/** One call of a client: messages in, messages and a status out. Ends at the client's deadline. */
export class GrpcCall implements StreamOwner {
  readonly headers: HeaderList;
  readonly encoding: string;
  /** `Clock.monotonic()` after which its client does not wait any more. */
  readonly deadline: number;
  readonly #stream: Http2Stream;
  readonly #reader: MessageReader;
  readonly #cancelDeadline: (() => void) | undefined;
  #listener: CallListener | undefined;
  #hasRoom: (() => void) | undefined;
  #hasBegun = false;
  #hasEnded = false;

  /** Throws CallRefusedError when its headers cannot be understood. */
  constructor(
    stream: Http2Stream,
    list: HeaderList,
    { maxBytes, clock }: { readonly maxBytes: number; readonly clock: Clock },
  ) {
    this.headers = list;
    this.#stream = stream;
    this.encoding = this.header("grpc-encoding") ?? "identity";
    const timeoutMs = allowedMs(this.header("grpc-timeout"));
    this.deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() + timeoutMs;
    this.#reader = new MessageReader(maxBytes, (message) => {
      if (!this.#hasEnded) this.#listener?.message(message);
    });
    stream.owner = this;
    if (timeoutMs !== undefined) {
      this.#cancelDeadline = clock.after(Math.min(timeoutMs, maxTimerMs), () =>
        this.end({ code: "DEADLINE_EXCEEDED", details: "Deadline exceeded" }),
      );
    }
  }

  /** It is over: with a status, or because the client has left. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The first value of a header. */
  header(name: string): string | undefined {
    for (let i = 0; i + 1 < this.headers.length; i += 2) if (this.headers[i] === name) return this.headers[i + 1];
    return undefined;
  }

  /** Tells this one of what comes from now on. */
  listen(listener: CallListener): void {
    this.#listener = listener;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Resolves when there is room for more, or nobody listens any more. */
  send(message: Uint8Array): Promise<void> | undefined {
    if (this.#hasEnded) return undefined;
    this.#begin();
    let hasRoom = true;
    for (const piece of framedMessage(message)) hasRoom = this.#stream.write(piece);
    if (hasRoom) return undefined;
    return new Promise((resolve) => {
      this.#hasRoom = resolve;
    });
  }

  /** Ends it, with a status where it is not answered: the method that answers it hears that it was cancelled. */
  end(status?: CallStatus): void {
    if (this.#hasEnded) return;
    this.#over();
    const trailers = statusTrailers(status);
    if (this.#hasBegun) this.#stream.endWith(trailers);
    else this.#stream.headers([...answerHeaders, ...trailers], true);
    if (status !== undefined) this.#listener?.cancelled();
  }

  headersCame(): void {}

  data(chunk: Buffer): void {
    if (this.#hasEnded) return;
    try {
      this.#reader.read(chunk);
    } catch (thrown) {
      if (!(thrown instanceof CallRefusedError)) throw thrown;
      this.end({ code: thrown.code, details: thrown.message });
    }
  }

  ended(): void {
    if (!this.#hasEnded) this.#listener?.ended();
  }

  drained(): void {
    const hasRoom = this.#hasRoom;
    this.#hasRoom = undefined;
    hasRoom?.();
  }

  closed(): void {
    if (this.#hasEnded) return;
    this.#over();
    this.#listener?.cancelled();
  }

  #over(): void {
    this.#hasEnded = true;
    this.#cancelDeadline?.();
    this.drained();
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#stream.headers(headers);
  }
}

/** What a timer takes: 24 days. */
const maxTimerMs = 2 ** 31 - 1;
/** Milliseconds of each unit of `grpc-timeout` (gRPC over HTTP2, "TimeoutUnit"). */
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000_001 };

/** Milliseconds that a client allows for its call; undefined when it sets no limit. */
function allowedMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const [, digits, unit = ""] = /(\d{1,8})\s*([HMSmun])$/.exec(header) ?? [];
  if (digits === undefined) throw new CallRefusedError("INTERNAL", `Invalid grpc-timeout value "${header}"`);
  return Number(digits) * (units[unit] ?? 1);
}
