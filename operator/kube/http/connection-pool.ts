import type { Duplex } from "node:stream";

import type { Clock } from "../../../runtime/base/clock.ts";
import type { Connect, Opened } from "./connector.ts";
import { KeepAliveConnection, type Pending } from "./keep-alive-connection.ts";

/** Kept connections to one server, each for one request at a time. */
export interface ConnectionPool {
  /** Writes a request as it is and tells `pending` what becomes of it. */
  send(request: string | Uint8Array, pending: Pending): PendingRequest;
  /** Ends all connections, and with them the requests on them. */
  close(): void;
}

/** A request that has no answer yet. */
export interface PendingRequest {
  /** Gives the request up; nobody is told. Its connection cannot be used again. */
  cancel(): void;
}

/** A connection that was idle for this long is not used again: an API server closes it after 90 s. */
const idleMs = 60_000;

/** No connections yet; they are made as requests need them. */
export function createConnectionPool(connect: Connect, clock: Clock): ConnectionPool {
  const all = new Set<KeepAliveConnection>();
  const free = createShelf(clock);
  const opening = new Set<(error: Error) => void>();
  const connected = (stream: Duplex): KeepAliveConnection => {
    const connection = new KeepAliveConnection(stream, {
      onFree: () => free.put(connection),
      onEnd: () => {
        all.delete(connection);
        free.drop(connection);
      },
    });
    all.add(connection);
    return connection;
  };
  const sentOverNew = (request: string | Uint8Array, pending: Pending): PendingRequest => {
    let isOver = false;
    let made: KeepAliveConnection | undefined;
    const fail = (error: Error): void => {
      opening.delete(fail);
      isOver = true;
      pending.onError(error, false);
    };
    opening.add(fail);
    const opened: Opened = (error, stream) => {
      if (isOver) return void stream?.destroy();
      if (stream === undefined || error !== null) return fail(error ?? new Error("no connection"));
      opening.delete(fail);
      made = connected(stream);
      return made.write(request, pending);
    };
    connect(opened, (piece) => {
      made?.read(piece);
      return true;
    });
    return {
      cancel() {
        opening.delete(fail);
        isOver = true;
        made?.destroy();
      },
    };
  };
  return {
    send(request, pending) {
      const kept = free.take();
      if (kept === undefined) return sentOverNew(request, pending);
      kept.write(request, pending);
      return { cancel: () => kept.destroy() };
    },
    close() {
      const error = new Error("socket hang up");
      for (const fail of opening) fail(error);
      for (const connection of all) connection.end(error);
    },
  };
}

/** Connections that no request is on. */
interface Shelf {
  put(connection: KeepAliveConnection): void;
  /** The last one that was put: those that are not needed grow old. */
  take(): KeepAliveConnection | undefined;
  drop(connection: KeepAliveConnection): void;
}

function createShelf(clock: Clock): Shelf {
  const idle: { readonly connection: KeepAliveConnection; readonly sinceMs: number }[] = [];
  return {
    put: (connection) => void idle.push({ connection, sinceMs: clock.monotonic() }),
    take() {
      for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
        if (clock.monotonic() - last.sinceMs < idleMs) return last.connection;
        last.connection.destroy();
      }
      return undefined;
    },
    drop(connection) {
      const place = idle.findIndex((one) => one.connection === connection);
      if (place !== -1) idle.splice(place, 1);
    },
  };
}
