import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

import { createResponseReader, type ReadResponse } from "./response-reader.ts";

/** Who waits for a response. Told once, one of both. */
export interface Pending {
  readonly onResponse: (response: ReadResponse) => void;
  /** `isInBody`: the response had begun. */
  readonly onError: (error: Error, isInBody: boolean) => void;
}

interface Owner {
  readonly onFree: () => void;
  readonly onEnd: () => void;
}

/** One connection: writes a request, reads its response, and is free again. */
export class KeepAliveConnection {
  readonly #stream: Duplex;
  readonly #owner: Owner;
  readonly #reader = createResponseReader();
  #pending: Pending | undefined;
  #isOver = false;

  constructor(stream: Duplex, owner: Owner) {
    this.#stream = stream;
    this.#owner = owner;
    stream
      .on("end", () => this.#cutOff())
      .on("error", (error) => this.end(error))
      .on("close", () => this.#cutOff());
  }

  write(request: string | Uint8Array, pending: Pending): void {
    this.#pending = pending;
    keepAlive(this.#stream, true);
    this.#stream.write(request);
  }

  /** Forgets the request and closes the connection. */
  destroy(): void {
    this.#pending = undefined;
    this.end(new Error("given up"));
  }

  end(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#owner.onEnd();
    const isInBody = this.#reader.isInBody;
    this.#stream.destroy();
    this.#pending?.onError(error, isInBody);
    this.#pending = undefined;
  }

  /** Takes bytes that came, which are there until it returns. */
  read(piece: Buffer): void {
    if (this.#isOver) return;
    // Nothing was asked: whatever this is, the next answer would be taken for another's.
    if (this.#pending === undefined) return this.destroy();
    try {
      const response = this.#reader.push(piece);
      if (response !== undefined) this.#answer(response);
    } catch (thrown) {
      this.end(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  #answer(response: ReadResponse): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (response.isLast) {
      this.destroy();
    } else {
      keepAlive(this.#stream, false);
      this.#owner.onFree();
    }
    pending?.onResponse(response);
  }

  #cutOff(): void {
    if (this.#isOver) return;
    const response = this.#reader.end();
    if (response === undefined) this.end(new Error(this.#reader.isInBody ? "aborted" : "socket hang up"));
    else this.#answer(response);
  }
}

/** Whether the process lives as long as the connection: not for one that nobody waits for. */
function keepAlive(stream: Duplex, isNeeded: boolean): void {
  const socket = stream as Partial<Pick<Socket, "ref" | "unref">> & Duplex; // a tunnel's stream is one, too
  if (isNeeded) socket.ref?.();
  else socket.unref?.();
}
