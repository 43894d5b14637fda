import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { Http2Connection } from "../../http2/connection.ts";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";
import type { Http2Stream, UnreadRoom } from "../../http2/stream.ts";
import type { ConnectionLimits } from "../../server/http-server.ts";
import { shareReads } from "../../server/plain-http/shared-reads.ts";
import { spokenHttp } from "./preface.ts";

/** A request of an HTTP/2 connection, whose stream has no owner yet. */
export interface TakenStream<Head> {
  readonly stream: Http2Stream;
  /** What its headers say. */
  readonly head: Head;
  /** It has no body. */
  readonly isWhole: boolean;
  /** Port that it came to. */
  readonly localPort: number | undefined;
}

/** Called with each request of each HTTP/2 connection. */
export type TakeStream<Head> = (taken: TakenStream<Head>) => void;

interface LaneOptions<Head> {
  readonly limits: ConnectionLimits;
  /** Reads headers. Not called when they are those of the request before, as most are that come again on a connection. */
  readonly headOf: (list: HeaderList) => Head;
  readonly takeStream: TakeStream<Head>;
  readonly clock: Clock;
  /** For what nobody has read of all connections. */
  readonly unread: UnreadRoom;
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
/** Cancelled requests a second, and at once (CVE-2023-44487): each costs a pod more than its client. */
const resets = { burst: 1000, perSecond: 100 };
/** As of Node's servers, of either version of HTTP. */
const maxFields = 128;
/** A connection without requests is closed after this: clients of gRPC open another when they need one. */
const idleMs = 300_000;
/** A lane without connections. */
export function http2Lane<Head>(options: LaneOptions<Head>): Http2Lane {
  const { limits, clock } = options;
  const undecided = new Set<Socket>();
  const connections = new Set<Http2Connection>();
  const take: Http2Lane["take"] = (socket, passOn) => {
    undecided.add(socket);
    firstBytes(socket, limits.headersTimeoutMs, clock, (bytes) => {
      undecided.delete(socket);
      if (bytes === undefined) return;
      if (spokenHttp(bytes) === 2) {
        opened(socket, options, connections).read(bytes);
        return;
      }
      socket.pause();
      socket.unshift(bytes);
      passOn(socket);
      socket.resume();
    });
  };
  return {
    take,
    close: () => {
      for (const socket of undecided) socket.destroy();
      for (const connection of connections) connection.leave();
    },
    cut: () => {
      for (const socket of undecided) socket.destroy();
      for (const connection of connections) connection.destroy();
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

function opened<Head>(
  socket: Socket,
  { limits, headOf, takeStream, clock, unread }: LaneOptions<Head>,
  connections: Set<Http2Connection>,
): Http2Connection {
  const { localPort } = socket;
  let last: { readonly list: HeaderList; readonly head: Head } | undefined;
  const connection: Http2Connection = new Http2Connection({
    socket,
    clock,
    headers: { listBytes: limits.headerBytes, maxFields },
    maxStreams: maxConcurrentStreams,
    streamWindowBytes,
    connectionWindowBytes,
    resets,
    idleMs,
    unread,
    onRequest: (stream, list, isWhole) => {
      if (last?.list !== list) last = { list, head: headOf(list) };
      takeStream({ stream, head: last.head, isWhole, localPort });
    },
    onClose: () => void connections.delete(connection),
  });
  connections.add(connection);
  // Memory for each read costs more than to copy what came.
  shareReads(socket, (bytes) => {
    connection.read(Buffer.from(bytes));
    return true;
  });
  return connection;
}
