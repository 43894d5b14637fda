import { type Fault, faultCatalogue } from "../base/fault.ts";
import type { Draft, MessageType } from "../base/protobuf/message.ts";
import type { Abortable } from "../dataplane/infer.ts";
import { ProtobufError } from "../base/protobuf/wire-reader.ts";
import { refusalHeaders } from "./protocol.ts";

/** gRPC status codes (google.rpc.Code). */
export const rpcCodes = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;
/** Name of a gRPC status code. */
export type RpcCode = keyof typeof rpcCodes;

/** The call that a method answers. */
export interface RpcCall {
  /** Aborts when the client cancels or its deadline passes. */
  readonly signal: Abortable;
  /** `Clock.monotonic()` time after which the client no longer waits. */
  readonly deadline: number;
}

/** The call that a streaming method answers. */
export interface RpcStream extends RpcCall {
  /** Aborts when the client cancels. */
  readonly signal: AbortSignal;
}

/** A unary method: one request, one response. */
export interface UnaryMethod {
  readonly kind: "unary";
  readonly request: MessageType<object>;
  readonly response: MessageType<object>;
  /** Returns the encoded response to an encoded request. Rejects with a Fault. */
  answer(request: Buffer, call: RpcCall): Promise<Uint8Array>;
}

/** A streaming method: any number of responses, to one request or to a stream of them. */
export interface StreamMethod {
  readonly kind: "stream";
  /** Whether the client sends a stream of requests. */
  readonly isClientStreaming: boolean;
  readonly request: MessageType<object>;
  readonly response: MessageType<object>;
  /** Resolves when the stream ends; `send` resolves when there is room for the next response. Rejects with a Fault. */
  stream(
    requests: AsyncIterable<Buffer>,
    send: (response: Uint8Array) => Promise<void>,
    call: RpcStream,
  ): Promise<void>;
}

/** A method of a service. */
export type RpcMethod = UnaryMethod | StreamMethod;

/** The status of a failed call. */
export interface RpcStatus {
  readonly code: RpcCode;
  readonly details: string;
  /** Trailing metadata. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A wire protocol over gRPC: translates calls to data-plane calls and their results to responses. */
export interface RpcService {
  /** Full name, such as `inference.GRPCInferenceService`. */
  readonly name: string;
  /** Protocol name for log and metrics. */
  readonly protocol: string;
  readonly methods: Readonly<Record<string, RpcMethod>>;
  refusal(fault: Fault): RpcStatus;
}

/** Faults of decoding messages. */
export const rpcFaults = faultCatalogue<{ MessageUnreadable: { message: string; path: string; reason: string } }>({
  MessageUnreadable: {
    message: ({ message, path, reason }) =>
      `the request is not a valid ${message}: ${path === "" ? "" : `${path}: `}${reason}`,
    retry: "never",
    level: "info",
  },
});

/** Limits of `details`, in characters and in percent-encoded bytes: it may quote the request, and clients limit header sizes. */
const maxDetails = 1024;
const maxEncoded = 4096;

/** Status codes of the transport's faults. */
const transportCodes: Readonly<Record<string, RpcCode>> = { ClientGone: "CANCELLED" };

/** The status of a fault, its code taken from a protocol's table. */
export function rpcStatus(fault: Fault, codes: Readonly<Record<string, RpcCode>>): RpcStatus {
  const table = { ...transportCodes, ...codes };
  const known = Object.hasOwn(table, fault.code) ? table[fault.code] : undefined;
  return {
    code: known ?? "INTERNAL",
    details: truncated(fault.sentence.toWellFormed()),
    headers: refusalHeaders(fault),
  };
}

/** Truncates at the same length and with the same suffix as TensorFlow Serving. */
function truncated(sentence: string): string {
  let length = Math.min(sentence.length, maxDetails);
  while (encodeURI(sentence.slice(0, length).toWellFormed()).length > maxEncoded) length = Math.floor(length / 2);
  return length === sentence.length ? sentence : `${sentence.slice(0, length).toWellFormed()}...TRUNCATED`;
}

/**
 * Decoding limit of a request: half a million strings, or 125,000 messages. Each takes two bytes on the wire, and a hundred times
 * that in memory.
 */
const maxValues = 2_000_000;

/** Decodes a request. Throws `MessageUnreadable` with the path of the field. */
export function readMessage<M extends object>(type: MessageType<M>, bytes: Uint8Array): M {
  try {
    return type.decode(bytes, maxValues);
  } catch (thrown) {
    if (!(thrown instanceof ProtobufError)) throw thrown;
    const { path, message: reason } = thrown;
    throw rpcFaults.MessageUnreadable({ message: type.name, path, reason }, thrown);
  }
}

/** Request and response types of a method. */
export interface MethodTypes<Q extends object, A extends object> {
  readonly request: MessageType<Q>;
  readonly response: MessageType<A>;
}

/** An encoded message. */
export type EncodedMessage = Uint8Array;

/** A unary method from a function on decoded messages. */
export function unary<Q extends object, A extends object>(
  { request, response }: MethodTypes<Q, A>,
  answer: (request: Q, call: RpcCall) => Draft<A> | Promise<Draft<A> | EncodedMessage>,
): UnaryMethod {
  return {
    kind: "unary",
    request,
    response,
    answer: async (bytes, call) => {
      const message = await answer(readMessage(request, bytes), call);
      return message instanceof Uint8Array ? message : response.encode(message);
    },
  };
}
