import type { Duplex } from "node:stream";

import type { Connect } from "./connector.ts";
import { createResponseReader, type ResponseHead } from "./response-reader.ts";

/** Responses that are read as they come, each over a connection of its own: they last for minutes. */
export interface Streams {
  /** Writes a request as it is; `onEnd` is told once, when nothing more can come of it. */
  open(request: string | Uint8Array, onEnd: () => void): Opening;
  /** Ends all of them. */
  close(): void;
}

/** A response that may not have begun yet. */
export interface Opening {
  readonly response: Promise<StreamedResponse>;
  /** Gives it up: what is read fails with this. */
  end(error: Error): void;
}

/** A response that has begun. Its body is read in one of two ways, once; both fail where it is cut off. */
export interface StreamedResponse extends ResponseHead {
  /** Tells each piece, which lies in memory that is used again; settles at its end, or when false was returned. */
  read(onPiece: (piece: Buffer) => boolean): Promise<void>;
  /** Sent no faster than it is read. */
  readonly chunks: AsyncIterable<Uint8Array>;
  close(): void;
}

/** No streams yet. */
export function createStreams(connect: Connect): Streams {
  const all = new Set<ResponseStream>();
  return {
    open(request, onEnd) {
      const stream = new ResponseStream(() => {
        all.delete(stream);
        onEnd();
      });
      all.add(stream);
      stream.start(connect, request);
      return { response: stream.response, end: (error) => stream.end(error) };
    },
    close() {
      for (const stream of all) stream.end(new Error("socket hang up"));
    },
  };
}

/** One connection with one response. */
class ResponseStream {
  readonly #onEnd: () => void;
  readonly #begun = Promise.withResolvers<StreamedResponse>();
  readonly #reader = createResponseReader({
    onHead: (head) => this.#begun.resolve(this.#opened(head)),
    onPart: (part) => this.#take(part),
  });
  /** Parts that came while nobody read. */
  readonly #waiting: Buffer[] = [];
  #connection: Duplex | undefined;
  #onPiece: ((piece: Buffer) => boolean) | undefined;
  /** Told that there is more, or no more. */
  #wake = (): void => {};
  #isOver = false;
  #error: Error | undefined;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    // Who gave up does not wait for it.
    this.#begun.promise.catch(() => {});
  }

  get response(): Promise<StreamedResponse> {
    return this.#begun.promise;
  }

  start(connect: Connect, request: string | Uint8Array): void {
    connect(
      (error, connection) => {
        if (connection === undefined || error !== null) return this.end(error ?? new Error("no connection"));
        this.#connection = connection
          .on("end", () => this.#cutOff())
          .on("error", (broken) => this.end(broken))
          .on("close", () => this.#cutOff());
        if (this.#isOver) connection.destroy();
        else connection.write(request);
        return undefined;
      },
      (piece) => this.#read(piece),
    );
  }

  end(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#onEnd();
    this.#connection?.destroy();
    this.#begun.reject(error ?? new Error("socket hang up"));
    this.#wake();
  }

  /** False when nobody reads what has come. */
  #read(piece: Buffer): boolean {
    if (this.#isOver) return false;
    try {
      if (this.#reader.push(piece) !== undefined) this.end();
    } catch (thrown) {
      this.end(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
    return this.#onPiece !== undefined || !this.#reader.isInBody;
  }

  #take(part: Buffer): void {
    if (this.#onPiece === undefined) {
      this.#waiting.push(Buffer.from(part));
      this.#wake();
    } else if (!this.#isOver && !this.#onPiece(part)) {
      this.end();
    }
  }

  #cutOff(): void {
    const isWhole = this.#reader.end() !== undefined;
    this.end(isWhole ? undefined : new Error(this.#reader.isInBody ? "aborted" : "socket hang up"));
  }

  #opened({ status, headers }: ResponseHead): StreamedResponse {
    return {
      status,
      headers,
      read: (onPiece) => this.#told(onPiece),
      chunks: { [Symbol.asyncIterator]: () => this.#chunks() },
      close: () => this.end(),
    };
  }

  async #told(onPiece: (piece: Buffer) => boolean): Promise<void> {
    for (const part of this.#waiting.splice(0)) if (!onPiece(part)) return this.end();
    this.#onPiece = onPiece;
    while (!this.#isOver) await this.#more();
    if (this.#error !== undefined) throw this.#error;
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const part = this.#waiting.shift();
        if (part !== undefined) yield part;
        else if (this.#isOver) break;
        else await this.#more();
      }
      if (this.#error !== undefined) throw this.#error;
    } finally {
      this.end();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#connection?.resume();
    });
  }
}
