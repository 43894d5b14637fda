import type { RequestListener } from "node:http";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import type { Log } from "../base/log.ts";
import { defaultConnectionLimits, openHttpServer, type HttpServer } from "../server/http-server.ts";
import { type CallHead, callHead } from "./grpc/call-head.ts";
import type { TakeCall } from "./grpc/calls.ts";
import { ClientAnswer } from "./grpc/client/client-answer.ts";
import { statusTrailers } from "./grpc/status.ts";
import type { HeaderList } from "../http2/hpack/header-writer.ts";
import type { Http2Stream } from "../http2/stream.ts";
import { http2Lane, type TakeStream } from "./http2/http2-lane.ts";
import { headerValue } from "./http2/header-record.ts";
import { Http2Client } from "./http2/http2-client.ts";
import { type KeptRoom, unreadRoom } from "./passage/kept-room.ts";
import { plainLane, type PlainLane as Lane } from "./plain/plain-lane.ts";
import { faults } from "./faults.ts";
import { ambiguity } from "./node-http/ambiguity.ts";
import { probeAnswer } from "./proxy/answer.ts";
import type { Client } from "./proxy/client.ts";
import { NodeClient } from "./node-http/node-client.ts";
import { requestTurns } from "./node-http/request-turns.ts";
import { locatedRoute } from "./routing/locate.ts";
import type { LiveRoute } from "./routing/live.ts";
import { ModelPorts } from "./model-ports.ts";
import type { RouteTable, TableChange } from "./routing/table.ts";

/** Called with each request and the route it means. */
export type Forward = (client: Client, live: LiveRoute) => void;

interface ListenerOptions {
  readonly host: string;
  /** The shared ports. Both take REST and gRPC; that there are two is TensorFlow Serving's habit. */
  readonly restPort: number;
  readonly grpcPort: number;
  readonly table: () => RouteTable;
  readonly forward: Forward;
  /** Called with each call of gRPC. */
  readonly call: TakeCall;
  /** Whether the gateway says that it is ready. */
  readonly isReady: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** For what clients send before its turn. */
  readonly room: KeptRoom;
}

/** Idle client connections are kept for longer than load balancers keep theirs (60 s is common), so that they close first. */
const limits = {
  ...defaultConnectionLimits,
  keepAliveTimeoutMs: 75_000,
  // Of each port. An idle one costs 3 KB, 6 KB once Node's server has it.
  maxConnections: 16_384,
  // The route's own deadline bounds a request; a held one may upload for longer than any general limit.
  requestTimeoutMs: 0,
};

/** What the headers of a request over HTTP/2 say first: whether it is a call of gRPC. */
interface StreamHead {
  readonly list: HeaderList;
  readonly method: string | undefined;
  readonly call: CallHead | undefined;
}

function streamHead(list: HeaderList): StreamHead {
  return { list, method: headerValue(list, ":method"), call: callHead(list) };
}

/**
 * The gateway's sockets: the shared ports, and one port per ModelDeployment that comes and goes with its route. Each speaks
 * HTTP/1.1, HTTP/2 and gRPC, as its clients begin.
 */
export class Listeners {
  readonly #options: ListenerOptions;
  readonly #modelPorts: ModelPorts;
  #shared: readonly HttpServer[] = [];
  #ending = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { host, log } = options;
    const { maxConnections } = limits;
    this.#modelPorts = new ModelPorts({ host, log, maxConnections, take: (socket) => this.#shared[0]?.take(socket) });
  }

  /** Opens the shared ports. Throws `PortTaken` when another program has one. */
  async open(): Promise<void> {
    const { restPort, grpcPort } = this.#options;
    this.#shared = [await this.#opened(restPort, "--rest-port")];
    this.#shared = [...this.#shared, await this.#opened(grpcPort, "--grpc-port")];
  }

  /** Opens and closes per-model ports so that they match the table. A port that is taken is tried again at the next change. */
  align({ upserted, removed }: TableChange): void {
    this.#modelPorts.align(upserted, removed);
  }

  /**
   * From now on answers end their connections. Some time before `close`, that spares those in use: a connection that is ended
   * between two requests breaks the next one, which may be on its way already.
   */
  end(): void {
    this.#ending = true;
  }

  /** Takes no new connections, ends idle ones, and resolves when the last request is answered. */
  async close(): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#shared.map((server) => server.close()), this.#modelPorts.close()]);
  }

  #opened(port: number, portFlag: string): Promise<HttpServer> {
    const { host, clock, room } = this.#options;
    const listener = this.#listener();
    const http2 = http2Lane({
      limits,
      clock,
      headOf: streamHead,
      takeStream: this.#streams(),
      unread: unreadRoom(room),
    });
    const plain = plainLane({
      limits,
      clock,
      room,
      take: (client) => this.#take(client),
      isEnding: () => this.#ending,
    });
    return openHttpServer({ host, port, portFlag, limits, asksForBodies: true, lane: inTurn(http2, plain) }, listener);
  }

  /** The route of a model's own port; undefined on a shared port. Throws `RouteGone`: who may use one port may not use all. */
  #fixedRoute(port: number | undefined): LiveRoute | undefined {
    const key = this.#modelPorts.keyOf(port);
    if (key === undefined) return undefined;
    const live = this.#options.table().byKey.get(key);
    if (live === undefined) throw faults.RouteGone({ key });
    return live;
  }

  #streams(): TakeStream<StreamHead> {
    return ({ stream, head: { list, method, call }, isWhole, localPort }) => {
      if (call !== undefined) this.#call(stream, call, localPort);
      else if (method === "CONNECT") stream.headers([":status", "405"], true);
      else this.#take(new Http2Client({ stream, list, isWhole, localPort, clock: this.#options.clock }));
    };
  }

  #call(stream: Http2Stream, call: CallHead, localPort: number | undefined): void {
    try {
      this.#options.call(stream, call, this.#fixedRoute(localPort));
    } catch (thrown) {
      new ClientAnswer(stream).end(statusTrailers(Fault.from(thrown)));
    }
  }

  #listener(): RequestListener {
    const { clock } = this.#options;
    const inTurn = requestTurns();
    return (request, response) =>
      inTurn(request, response, () => {
        const reason = ambiguity(request);
        if (this.#ending || reason !== undefined) response.setHeader("connection", "close");
        const client = new NodeClient(request, response, clock);
        if (reason === undefined) this.#take(client);
        else client.refuse(faults.RequestAmbiguous({ reason }));
      });
  }

  #take(client: Client): void {
    const { forward, table, isReady } = this.#options;
    try {
      const located = this.#fixedRoute(client.localPort) ?? locatedRoute(table(), client);
      if (typeof located !== "string") {
        forward(client, located);
        return;
      }
      client.resume();
      const { status, headers, body } = probeAnswer(located, isReady());
      client.begin(status, headers);
      client.end(body);
    } catch (thrown) {
      client.refuse(Fault.from(thrown));
    }
  }
}

/** Connections that the first does not want are the second's. */
function inTurn(first: Lane, second: Lane): Lane {
  return {
    take: (socket, passOn) => first.take(socket, (socket) => second.take(socket, passOn)),
    close: () => {
      first.close();
      second.close();
    },
    cut: () => {
      first.cut();
      second.cut();
    },
  };
}
