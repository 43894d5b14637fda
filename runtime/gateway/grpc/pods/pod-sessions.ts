import type { ClientHttp2Session } from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";
import type { Clock } from "../../../base/clock.ts";
import { ports } from "../../../contract/ports.ts";
import { keepAlive } from "../../http2/heartbeat.ts";
import { nodeHttp2 } from "../../http2/node-http2.ts";
import type { LivePod } from "../../routing/live.ts";

/** As over HTTP/1.1. */
const connectTimeoutMs = 2_000;
/** What pods' answers may have waiting unread, per stream and per connection. */
const streamWindowBytes = 256 * 1024;
const connectionWindowBytes = 16 * 1024 * 1024;
/** A connection without calls for this long is closed, for twice this long at most. */
const idleMs = 60_000;
/** Until the pod has told how many it takes. */
const assumedStreams = 100;

/** One connection to a pod. */
export interface PodSession {
  readonly session: ClientHttp2Session;
  /** The pod has ever answered on it: what it then refuses, it refuses on purpose. */
  isConnected: boolean;
  /** The pod asked to go elsewhere. */
  isLeaving: boolean;
  streams: number;
  /** As many as the pod takes at a time. */
  maxStreams: number;
  /** It was taken for a call since it was last looked at. */
  wasUsed: boolean;
}

/** Connections over HTTP/2 to the pods of the table: one a pod, and more when that has all the streams it takes. */
export class PodSessions {
  readonly #clock: Clock;
  readonly #byPod = new Map<LivePod, PodSession[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A connection that takes one more stream; it may still be on its way. */
  session(pod: LivePod): PodSession {
    const sessions = this.#byPod.get(pod) ?? [];
    for (const known of sessions) {
      if (!hasRoom(known)) continue;
      known.wasUsed = true;
      return known;
    }
    const opened = this.#opened(pod);
    this.#byPod.set(pod, [...sessions, opened]);
    return opened;
  }

  /** Closes the connections to pods that left the table, after the calls they still have. */
  retain(): void {
    for (const [pod, sessions] of this.#byPod) {
      if (pod.isLeaving) for (const { session } of sessions) session.close();
    }
  }

  /** Resolves when the last call has ended. */
  async close(): Promise<void> {
    const open = [...this.#byPod.values()].flat().filter(({ session }) => !session.destroyed);
    await Promise.all(open.map(({ session }) => closed(session)));
  }

  #opened(pod: LivePod): PodSession {
    const { address: host, grpcPort: port = ports.grpc } = pod.endpoint;
    const session = nodeHttp2().connect(`http://${host.includes(":") ? `[${host}]` : host}:${port}`, {
      createConnection: () => connected(connectSocket({ host, port, noDelay: true }), this.#clock),
      settings: { enablePush: false, initialWindowSize: streamWindowBytes },
    });
    const opened: PodSession = {
      session,
      isConnected: false,
      isLeaving: false,
      streams: 0,
      maxStreams: assumedStreams,
      wasUsed: true,
    };
    this.#closeIdle(opened);
    session.once("connect", () => {
      opened.isConnected = true;
      session.setLocalWindowSize(connectionWindowBytes);
      keepAlive(session, this.#clock);
    });
    session.on("remoteSettings", ({ maxConcurrentStreams = assumedStreams }) => {
      opened.maxStreams = maxConcurrentStreams;
    });
    session.once("goaway", () => {
      opened.isLeaving = true;
    });
    // Its streams tell what it means to their calls.
    session.on("error", () => {});
    session.once("close", () => this.#forget(pod, opened));
    return opened;
  }

  /** Ten thousand models may have been asked once each. */
  #closeIdle(opened: PodSession): void {
    const { session } = opened;
    const look = (): void => {
      if (!opened.wasUsed && opened.streams === 0) session.close();
      opened.wasUsed = false;
      cancel = this.#clock.after(idleMs, look);
    };
    let cancel = this.#clock.after(idleMs, look);
    session.once("close", () => cancel());
  }

  #forget(pod: LivePod, closed: PodSession): void {
    const left = (this.#byPod.get(pod) ?? []).filter((known) => known !== closed);
    if (left.length === 0) this.#byPod.delete(pod);
    else this.#byPod.set(pod, left);
  }
}

function hasRoom({ session, isLeaving, streams, maxStreams }: PodSession): boolean {
  return !session.closed && !session.destroyed && !isLeaving && streams < maxStreams;
}

/** Resolves when it has ended, also when it was about to. */
function closed(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    session.once("close", resolve);
    session.close();
  });
}

/** The socket, given up with ETIMEDOUT when it does not connect in time. */
function connected(socket: Socket, clock: Clock): Socket {
  const cancel = clock.after(connectTimeoutMs, () => {
    socket.destroy(Object.assign(new Error(`no connection within ${connectTimeoutMs} ms`), { code: "ETIMEDOUT" }));
  });
  return socket.once("connect", cancel).once("close", cancel);
}
