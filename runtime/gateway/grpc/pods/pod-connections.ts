import { Buffer } from "node:buffer";
import { connect as connectSocket, type Socket } from "node:net";
import type { Clock } from "../../../base/clock.ts";
import { ports } from "../../../contract/ports.ts";
import { Http2Connection } from "../../../http2/connection.ts";
import type { UnreadRoom } from "../../../http2/stream.ts";
import type { LivePod } from "../../routing/live.ts";

/** As over HTTP/1.1. */
const connectTimeoutMs = 2_000;
/** What pods' answers may have waiting unread, per stream and per connection. */
const streamWindowBytes = 256 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;
/** All connections read into it, one after the other: memory for each read costs more than to copy what came. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);
/** Headers of one answer: more than clients of gRPC take. */
const headers = { listBytes: 64 * 1024, maxFields: 256 };
/** A connection without calls for this long is closed, for twice this long at most. */
const idleMs = 60_000;
/** Streams that a pod resets are its answers; those that it breaks rules on are few. */
const resets = { burst: 1000, perSecond: 100 };

/** Connections over HTTP/2 to the pods of the table: one a pod, and more when that has all the streams it takes. */
export class PodConnections {
  readonly #clock: Clock;
  readonly #unread: UnreadRoom;
  readonly #byPod = new Map<LivePod, Http2Connection[]>();

  /** `unread`: for what clients have not taken of answers. */
  constructor(clock: Clock, unread: UnreadRoom) {
    this.#clock = clock;
    this.#unread = unread;
  }

  /** A connection that takes one more stream; it may still be on its way. */
  connection(pod: LivePod): Http2Connection {
    const known = this.#byPod.get(pod);
    for (const connection of known ?? []) if (connection.hasRoom) return connection;
    const opened = this.#opened(pod);
    if (known === undefined) this.#byPod.set(pod, [opened]);
    else known.push(opened);
    return opened;
  }

  /** Closes the connections to pods that left the table, after the calls they still have. */
  retain(): void {
    for (const [pod, connections] of this.#byPod) {
      if (pod.isLeaving) for (const connection of connections) connection.close();
    }
  }

  /** Resolves when the last call has ended. */
  async close(): Promise<void> {
    await Promise.all([...this.#byPod.values()].flat().map(closed));
  }

  #opened(pod: LivePod): Http2Connection {
    const { address: host, grpcPort: port = ports.grpc } = pod.endpoint;
    const callback = (count: number): boolean => {
      connection.read(Buffer.from(readBuffer.subarray(0, count)));
      return true;
    };
    const socket = connectSocket({ host, port, noDelay: true, onread: { buffer: readBuffer, callback } });
    const connection: Http2Connection = new Http2Connection({
      socket: connected(socket, this.#clock),
      clock: this.#clock,
      headers,
      maxStreams: 0,
      streamWindowBytes,
      connectionWindowBytes,
      resets,
      idleMs,
      unread: this.#unread,
      onClose: () => this.#forget(pod, connection),
    });
    this.#closeIdle(connection);
    return connection;
  }

  /** Ten thousand models may have been asked once each. */
  #closeIdle(connection: Http2Connection): void {
    let lastId = 0;
    const look = (): void => {
      if (connection.streams.size === 0 && connection.nextId === lastId) connection.close();
      lastId = connection.nextId;
      cancel = this.#clock.after(idleMs, look);
    };
    let cancel = this.#clock.after(idleMs, look);
    connection.socket.once("close", () => cancel());
  }

  #forget(pod: LivePod, closed: Http2Connection): void {
    const left = (this.#byPod.get(pod) ?? []).filter((known) => known !== closed);
    if (left.length === 0) this.#byPod.delete(pod);
    else this.#byPod.set(pod, left);
  }
}

/** Resolves when it has ended, also when it was about to. */
function closed(connection: Http2Connection): Promise<void> {
  return new Promise((resolve) => {
    connection.socket.once("close", () => resolve());
    connection.close();
  });
}

/** The socket, given up with ETIMEDOUT when it does not connect in time. */
function connected(socket: Socket, clock: Clock): Socket {
  const cancel = clock.after(connectTimeoutMs, () => {
    socket.destroy(Object.assign(new Error(`no connection within ${connectTimeoutMs} ms`), { code: "ETIMEDOUT" }));
  });
  return socket.once("connect", cancel).once("close", cancel);
}
