import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import {
  type ChannelOptions,
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerDuplexStream,
  type ServerErrorResponse,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from "@grpc/grpc-js";
import type { Clock } from "../base/clock.ts";
import { Fault } from "../base/fault.ts";
import {
  type RpcCall,
  type RpcMethod,
  type RpcService,
  type RpcStream,
  type StreamMethod,
  type UnaryMethod,
  rpcCodes,
} from "../protocols/rpc.ts";
import { retryAfterSeconds } from "../protocols/protocol.ts";
import { faults } from "./faults.ts";
import { type AnsweredRequest, traceContext } from "./protocol-listener.ts";

/** What calls are answered with, and within which limits. */
export interface GrpcParts {
  readonly services: readonly RpcService[];
  /** Largest message, before and after decompression. */
  readonly maxBytes: number;
  /** Longest time of a unary call; a client's shorter deadline counts. */
  readonly timeoutMs: number;
  /** A request that is not complete so long after its headers is refused; absent: after a minute. Streams of requests may wait. */
  readonly messageTimeoutMs?: number;
  readonly onStart: () => void;
  readonly onAnswer: (answered: AnsweredRequest) => void;
  readonly clock: Clock;
}

/** The connections of one listening socket. */
export interface GrpcConnections {
  readonly inject: (socket: Socket) => void;
  /** Tells every client to connect anew; running calls go on. */
  readonly goAway: () => void;
  /** As `goAway`, refuses new calls and resolves when the last one has ended. */
  readonly close: () => Promise<void>;
}

const never = 0x7fff_ffff;

/** Dead peers are found by pings, so that idle connections of live ones may stay for as long as they like. */
function channelOptions(maxBytes: number): ChannelOptions {
  return {
    "grpc.max_receive_message_length": maxBytes,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": 1000,
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.enable_channelz": 0,
  };
}

/** Speaks gRPC on sockets that somebody else has accepted. */
export function grpcConnections(parts: GrpcParts): GrpcConnections {
  const server = new Server({ ...channelOptions(parts.maxBytes), interceptors: [promptRequests(parts)] });
  for (const service of parts.services) {
    server.addService(definitionOf(service), implementationOf(service, parts));
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    inject: (socket) => injector.injectConnection(socket),
    goAway: () => injector.drain(never),
    close: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
  };
}

const messageTimeoutMs = 60_000;

/** Ends calls whose request stalls half-way: nobody else hears of them before it is complete. */
function promptRequests({ clock, messageTimeoutMs: timeoutMs = messageTimeoutMs }: GrpcParts): ServerInterceptor {
  const details = `the request did not come within ${timeoutMs / 1000} s`;
  return ({ requestStream }, call) => {
    if (requestStream) return new ServerInterceptingCall(call);
    const cancel = clock.after(timeoutMs, () => call.sendStatus({ code: rpcCodes.DEADLINE_EXCEEDED, details }));
    // A responder of grpc-js hands every event on through three more calls: this one hands them on itself.
    return Object.assign(new ServerInterceptingCall(call), {
      start: (listener: Parameters<typeof call.start>[0]): void => {
        call.start({
          onReceiveMetadata: (metadata) => listener.onReceiveMetadata(metadata),
          onReceiveMessage: (message) => listener.onReceiveMessage(message),
          onReceiveHalfClose: () => {
            cancel();
            listener.onReceiveHalfClose();
          },
          onCancel: () => {
            cancel();
            listener.onCancel();
          },
        });
      },
      sendMetadata: call.sendMetadata.bind(call),
      sendMessage: call.sendMessage.bind(call),
      sendStatus: (status: Parameters<typeof call.sendStatus>[0]): void => {
        cancel();
        call.sendStatus(status);
      },
    });
  };
}

/** Messages pass as bytes: the protocols read and write them. */
function definitionOf({ name, methods }: RpcService): ServiceDefinition {
  const asIs = (bytes: Buffer): Buffer => bytes;
  return Object.fromEntries(
    Object.entries(methods).map(([method, { kind, ...shape }]) => [
      method,
      {
        path: `/${name}/${method}`,
        requestStream: kind === "stream" && "takesMany" in shape && shape.takesMany,
        responseStream: kind === "stream",
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    ]),
  );
}

function implementationOf(service: RpcService, parts: GrpcParts): UntypedServiceImplementation {
  return Object.fromEntries(
    Object.entries(service.methods).map(([name, method]) => [name, callOf(service, method, parts)]),
  );
}

type AnyCall =
  | ServerUnaryCall<Buffer, Buffer>
  | ServerWritableStream<Buffer, Buffer>
  | ServerDuplexStream<Buffer, Buffer>;

function callOf(service: RpcService, method: RpcMethod, parts: GrpcParts): UntypedServiceImplementation[string] {
  if (method.kind === "unary") return unaryCall(service, method, parts);
  return (call: ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>) => {
    void streamCall({ service, parts, call }, method);
  };
}

function unaryCall(service: RpcService, method: UnaryMethod, parts: GrpcParts): UntypedServiceImplementation[string] {
  return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
    const begun = begin(service, parts, call);
    method.answer(call.request, callTerms(call, parts, begun.start + parts.timeoutMs)).then(
      (bytes) => {
        callback(null, asBuffer(bytes));
        tell(begun);
      },
      (thrown: unknown) => {
        const fault = Fault.from(thrown);
        callback(statusOf(service, fault));
        tell(begun, fault);
      },
    );
  };
}

/** A call that runs. */
interface Told {
  readonly service: RpcService;
  readonly parts: GrpcParts;
  readonly traceparent: string | undefined;
  readonly start: number;
}

function begin(service: RpcService, parts: GrpcParts, call: AnyCall): Told {
  parts.onStart();
  const [traceparent] = call.metadata.get("traceparent");
  return { service, parts, traceparent: traceContext(traceparent?.toString()), start: parts.clock.monotonic() };
}

interface Conversation {
  readonly service: RpcService;
  readonly parts: GrpcParts;
  readonly call: ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>;
}

async function streamCall({ service, parts, call }: Conversation, method: StreamMethod): Promise<void> {
  const begun = begin(service, parts, call);
  const terms = streamTerms(call, parts);
  const send = (bytes: Uint8Array): Promise<void> => sent(call, asBuffer(bytes), terms.signal);
  const requests = "read" in call && method.takesMany ? call.iterator({ destroyOnReturn: false }) : single(call);
  try {
    await method.converse(requests, send, terms);
    terms.end();
    call.end();
    tell(begun);
  } catch (thrown) {
    const fault = terms.signal.aborted ? faults.ClientGone({}, thrown) : Fault.from(thrown);
    if (!terms.signal.aborted) call.emit("error", statusOf(service, fault));
    tell(begun, fault);
  }
}

async function* single(call: AnyCall): AsyncGenerator<Buffer> {
  if ("request" in call) yield await Promise.resolve(call.request);
}

/** Resolves when the stream has room again, or nobody listens any more. */
function sent(call: Conversation["call"], bytes: Buffer, signal: AbortSignal): Promise<void> {
  if (signal.aborted || call.write(bytes)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      call.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    call.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** The terms of a call that is answered once. */
function callTerms(call: AnyCall, parts: GrpcParts, latest: number): RpcCall {
  const client = { aborted: false };
  whenCancelled(call, () => {
    client.aborted = true;
  });
  return { signal: client, deadline: deadlineOf(call, parts, latest) };
}

/** The terms of a stream, and what says that it has ended. */
interface Streaming extends RpcStream {
  readonly end: () => void;
}

function streamTerms(call: AnyCall, parts: GrpcParts): Streaming {
  const left = new AbortController();
  let hasEnded = false;
  whenCancelled(call, () => {
    if (!hasEnded) left.abort();
  });
  return {
    signal: left.signal,
    deadline: deadlineOf(call, parts, Number.POSITIVE_INFINITY),
    end: () => {
      hasEnded = true;
    },
  };
}

/** Calls back when the client leaves, and also at the end of every call. */
function whenCancelled(call: AnyCall, callback: () => void): void {
  const emitter: EventEmitter = call;
  emitter.once("cancelled", callback);
}

function deadlineOf(call: AnyCall, { clock }: GrpcParts, latest: number): number {
  const given = call.getDeadline();
  const untilMs = (typeof given === "number" ? given : given.getTime()) - clock.now();
  return Math.min(latest, clock.monotonic() + untilMs);
}

/** Says that a call has ended, and how. */
function tell({ service, parts, traceparent, start }: Told, fault?: Fault): void {
  parts.onAnswer({
    protocol: service.protocol,
    status: fault === undefined ? "OK" : service.refusal(fault).code,
    durationMs: parts.clock.monotonic() - start,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(fault === undefined ? {} : { fault }),
  });
}

/** The status of a refused call; where asking again may help, gRPC's own retries are told when. */
function statusOf(service: RpcService, fault: Fault): ServerErrorResponse {
  const { code, details, headers } = service.refusal(fault);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  if (code === "UNAVAILABLE") metadata.set("grpc-retry-pushback-ms", String(1000 * retryAfterSeconds(fault)));
  return Object.assign(new Error(details), { code: rpcCodes[code], details, metadata });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
