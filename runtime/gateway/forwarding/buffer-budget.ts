import { totalmem } from "node:os";
import type { UnreadRoom } from "../../http2/stream.ts";

/** What the kept bodies of one gateway may still take together. */
export interface KeptRoom {
  /** Those that are long, which may be kept. */
  leftBytes: number;
  /** Those that are short, the beginnings of others, which are kept of every request, and what waits unread. */
  shortLeftBytes: number;
}

/** A part of what a gateway's memory is: its resident 110 MB with ten thousand routes, of the 512 MiB of its chart. */
const roomBytes = 16 * 1024 * 1024;
/** A body that takes more would be in the place of too many others: 4 MiB in pieces of 1 KiB do not. */
const shareBytes = 5 * 1024 * 1024;
/** What a piece of a body takes besides its bytes. */
const pieceBytes = 256;

/** A quarter of the memory is for short bodies, as a runtime has it for all: clients that send slowly must not take more. */
export function keptRoom(): KeptRoom {
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return { leftBytes: roomBytes, shortLeftBytes: memory / 4 };
}

/** The same for what HTTP/2 brings before somebody takes it: requests of clients and answers of pods. */
export function unreadRoom(room: KeptRoom): UnreadRoom {
  return {
    take: (bytes) => {
      if (bytes > room.shortLeftBytes) return false;
      room.shortLeftBytes -= bytes;
      return true;
    },
    giveBack: (bytes) => {
      room.shortLeftBytes += bytes;
    },
  };
}

/** One body's share: what has gone to a pod and is kept nevertheless, so that it can go to another. */
export class KeptShare {
  readonly #room: KeptRoom;
  #bytes = 0;
  #shortBytes = 0;

  constructor(room: KeptRoom) {
    this.#room = room;
  }

  /** Takes room for a piece, or for a whole body that is to come in pieces. False: there is none, or the body is too long. */
  take(sizeBytes: number): boolean {
    const bytes = sizeBytes + pieceBytes;
    if (bytes > this.#room.leftBytes || this.#bytes + bytes > shareBytes) return false;
    this.#room.leftBytes -= bytes;
    this.#bytes += bytes;
    return true;
  }

  /** Takes room for a short body, or for a piece of one. False: too many are under way. */
  takeShort(sizeBytes: number): boolean {
    if (sizeBytes > this.#room.shortLeftBytes) return false;
    this.#room.shortLeftBytes -= sizeBytes;
    this.#shortBytes += sizeBytes;
    return true;
  }

  /** Gives it back. Idempotent. */
  release(): void {
    this.#room.shortLeftBytes += this.#shortBytes;
    this.#shortBytes = 0;
    this.#room.leftBytes += this.#bytes;
    this.#bytes = 0;
  }
}
