import { Buffer } from "node:buffer";
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { ConnectionLimits } from "../../server/http-server.ts";
import { keepAlive } from "./heartbeat.ts";
import { nodeHttp2 } from "./node-http2.ts";
import { spokenHttp } from "./preface.ts";

/** Called with each request of each HTTP/2 connection. `raw`: header names and values in turn, as they came. */
export type TakeStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]) => void;

interface LaneOptions {
  readonly limits: ConnectionLimits;
  readonly takeStream: TakeStream;
  readonly clock: Clock;
  readonly log: Log;
}

/** Connections whose clients speak HTTP/2 without being asked (RFC 9113 §3.3); all others are passed on. */
export interface Http2Lane {
  /** Takes a new connection; `passOn` gets it, with what has been read put back, when its client does not speak HTTP/2. */
  readonly take: (socket: Socket, passOn: (socket: Socket) => void) => void;
  /** Asks clients to connect elsewhere; what they have sent is answered. */
  readonly close: () => void;
  /** Ends all connections now. */
  readonly cut: () => void;
}

/**
 * With the window below, what one connection can make a gateway keep is 32 MiB. Clients queue what is more, and gRPC's open
 * further connections.
 */
const maxConcurrentStreams = 256;
/** Bytes of one request that may wait unread. */
const streamWindowBytes = 128 * 1024;
/** Streams that one slow pod holds up must not hold up the others of a connection. */
const connectionWindowBytes = 8 * 1024 * 1024;
/** Headers and frames that one connection may have waiting, in MB. */
const sessionMemory = 64;
/** Cancelled requests a second, and at once (CVE-2023-44487): each costs a pod more than its client. */
const streamResetRate = 100;
const streamResetBurst = 1000;
/** Frames that are none and streams that were refused: after so many a client is hostile. */
const maxSessionInvalidFrames = 100;
const maxSessionRejectedStreams = 100;
/** A connection without requests is closed after this: clients of gRPC open another when they need one. */
const idleMs = 300_000;
/** Requests that cross a GOAWAY on the wire are still taken for this long, should the client not answer the ping after it. */
const crossingMs = 1_000;
const lastStreamId = 2 ** 31 - 1;

/** A lane without connections. */
export function http2Lane(options: LaneOptions): Http2Lane {
  const { limits, clock } = options;
  const undecided = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  let server: Http2Server | undefined;
  const take: Http2Lane["take"] = (socket, passOn) => {
    undecided.add(socket);
    firstBytes(socket, limits.headersTimeoutMs, clock, (bytes) => {
      undecided.delete(socket);
      if (bytes === undefined) return;
      socket.pause();
      socket.unshift(bytes);
      if (spokenHttp(bytes) === 2) {
        // Node's HTTP/1.1 server leaves connections half open, and a paused socket tells no end: its HTTP/2 sessions, which
        // have taken what was put back by the next turn, would miss that their clients have gone.
        socket.allowHalfOpen = false;
        setImmediate(() => socket.resume());
        server ??= http2Server(options, sessions);
        server.emit("connection", socket);
        return;
      }
      passOn(socket);
      socket.resume();
    });
  };
  return {
    take,
    close: () => {
      for (const socket of undecided) socket.destroy();
      for (const session of sessions) leave(session, clock);
    },
    cut: () => {
      for (const socket of undecided) socket.destroy();
      for (const session of sessions) session.destroy();
    },
  };
}

/** Calls back once: with enough bytes to tell the version of HTTP, or with none when the client left or kept silent. */
function firstBytes(socket: Socket, timeoutMs: number, clock: Clock, told: (bytes: Buffer | undefined) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const decide = (decided: Buffer | undefined): void => {
    cancel();
    socket.off("data", received).off("end", left).off("error", left).off("close", left);
    if (decided === undefined) socket.on("error", () => {}).destroy();
    told(decided);
  };
  const received = (chunk: Buffer): void => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    if (spokenHttp(bytes) !== undefined) decide(bytes);
  };
  const left = (): void => decide(undefined);
  const cancel = clock.after(timeoutMs, left);
  socket.on("data", received).on("end", left).on("error", left).on("close", left);
}

/** Node's server, which never listens: connections are handed to it. */
function http2Server({ limits, takeStream, clock, log }: LaneOptions, sessions: Set<ServerHttp2Session>): Http2Server {
  const server = nodeHttp2().createServer({
    maxSessionMemory: sessionMemory,
    maxSessionInvalidFrames,
    maxSessionRejectedStreams,
    streamResetBurst,
    streamResetRate,
    settings: {
      maxConcurrentStreams,
      maxHeaderListSize: limits.headerBytes,
      initialWindowSize: streamWindowBytes,
    },
  });
  server.on("session", (session: ServerHttp2Session) => {
    sessions.add(session);
    const idle = idleWatch(session, clock);
    session.once("connect", () => session.setLocalWindowSize(connectionWindowBytes));
    session.once("close", () => {
      idle.end();
      sessions.delete(session);
    });
    session.on("stream", idle.busy);
    keepAlive(session, clock);
  });
  server.on("sessionError", (error: Error) => log.debug("HTTP/2 connection broke", { cause: error.message }));
  server.on("stream", (stream, headers, _flags, raw) => {
    // What a broken stream means is told by its `close`; without a listener the program would end.
    stream.on("error", (error) => log.debug("HTTP/2 stream broke", { cause: error.message }));
    // Node tells of streams also when their clients have cancelled them meanwhile.
    if (!stream.destroyed) takeStream(stream, headers, raw);
  });
  return server;
}

/** Lets a session go that has been without streams for long. */
function idleWatch(session: ServerHttp2Session, clock: Clock) {
  let streams = 0;
  const watch = (): (() => void) => clock.after(idleMs, () => leave(session, clock));
  let cancel = watch();
  return {
    busy: (stream: ServerHttp2Stream): void => {
      cancel();
      streams += 1;
      stream.once("close", () => {
        streams -= 1;
        if (streams === 0 && !session.closed) cancel = watch();
      });
    },
    end: (): void => cancel(),
  };
}

/** Says that no more streams are taken, takes those that crossed the word on the wire, and ends when all are answered. */
function leave(session: ServerHttp2Session, clock: Clock): void {
  if (session.closed || session.destroyed) return;
  session.goaway(0, lastStreamId);
  const end = (): void => {
    cancel();
    if (!session.destroyed) session.close();
  };
  const cancel = clock.after(crossingMs, end);
  session.ping(end);
}
