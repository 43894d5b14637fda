import { type Fault, faultCatalogue } from "../base/fault.ts";
import type { Draft, MessageType } from "../base/protobuf/message.ts";
import type { Abortable } from "../dataplane/infer.ts";
import { ProtobufError } from "../base/protobuf/wire-reader.ts";
import { refusalHeaders } from "./protocol.ts";

/** gRPC's status codes (google.rpc.Code). */
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

/** What a method knows of the call that it answers. */
export interface RpcCall {
  /** Aborted once the client has left or its deadline has passed. */
  readonly signal: Abortable;
  /** `Clock.monotonic()` after which the answer is of no use. */
  readonly deadline: number;
}

/** What a method knows of a stream. */
export interface RpcStream extends RpcCall {
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

/** One request, one answer. Rejects with a Fault. */
export interface UnaryMethod {
  readonly kind: "unary";
  readonly request: MessageType<object>;
  readonly response: MessageType<object>;
  answer(request: Buffer, call: RpcCall): Promise<Uint8Array>;
}

/** Any number of answers, to one request or to many. Rejects with a Fault. */
export interface StreamMethod {
  readonly kind: "stream";
  /** Whether the client sends many requests. */
  readonly takesMany: boolean;
  readonly request: MessageType<object>;
  readonly response: MessageType<object>;
  /** Returns when all is said; `send` resolves when there is room for more. */
  converse(
    requests: AsyncIterable<Buffer>,
    send: (answer: Uint8Array) => Promise<void>,
    call: RpcStream,
  ): Promise<void>;
}

/** A method of a service, told apart by `kind`. */
export type RpcMethod = UnaryMethod | StreamMethod;

/** How a call ends that is not answered. */
export interface RpcRefusal {
  readonly code: RpcCode;
  readonly details: string;
  /** Trailing metadata. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A wire protocol over gRPC: translates calls to the data plane and back. */
export interface RpcService {
  /** Full name, such as `inference.GRPCInferenceService`. */
  readonly name: string;
  /** Name of the protocol, for log and metrics. */
  readonly protocol: string;
  readonly methods: Readonly<Record<string, RpcMethod>>;
  refusal(fault: Fault): RpcRefusal;
}

/** Faults of the messages themselves. */
export const rpcFaults = faultCatalogue<{ MessageUnreadable: { message: string; path: string; reason: string } }>({
  MessageUnreadable: {
    message: ({ message, path, reason }) =>
      `${path === "" ? "the request" : path} is no part of a ${message}: ${reason}`,
    retry: "never",
    level: "info",
  },
});

/** A refusal repeats no more of a request than this, and takes no more bytes on the wire: clients limit what carries it. */
const maxDetails = 1024;
const maxEncoded = 4096;

/** Codes of what no protocol but the transport brings. */
const transportCodes: Readonly<Record<string, RpcCode>> = { ClientGone: "CANCELLED" };

/** The refusal with the code that a protocol's table has for the fault. */
export function rpcRefusal(fault: Fault, codes: Readonly<Record<string, RpcCode>>): RpcRefusal {
  const table = { ...transportCodes, ...codes };
  const known = Object.hasOwn(table, fault.code) ? table[fault.code] : undefined;
  return {
    code: known ?? "INTERNAL",
    details: shortened(fault.sentence.toWellFormed()),
    headers: refusalHeaders(fault),
  };
}

/** TensorFlow Serving cuts at the same length and with the same word. */
function shortened(sentence: string): string {
  let length = Math.min(sentence.length, maxDetails);
  while (encodeURI(sentence.slice(0, length).toWellFormed()).length > maxEncoded) length = Math.floor(length / 2);
  return length === sentence.length ? sentence : `${sentence.slice(0, length).toWellFormed()}...TRUNCATED`;
}

/** Half a million texts, or 125,000 messages, within one request: two bytes each on the wire, a hundred times that in memory. */
const maxValues = 2_000_000;

/** Reads a request. Throws `MessageUnreadable` with the path of the field. */
export function readMessage<M extends object>(type: MessageType<M>, bytes: Uint8Array): M {
  try {
    return type.decode(bytes, maxValues);
  } catch (thrown) {
    if (!(thrown instanceof ProtobufError)) throw thrown;
    const { path, message: reason } = thrown;
    throw rpcFaults.MessageUnreadable({ message: type.name, path, reason }, thrown);
  }
}

/** Types of what a method takes and gives. */
export interface MethodTypes<Q extends object, A extends object> {
  readonly request: MessageType<Q>;
  readonly response: MessageType<A>;
}

/** A message that was written already. */
export type WrittenMessage = Uint8Array;

/** A unary method from a function of messages. */
export function unary<Q extends object, A extends object>(
  { request, response }: MethodTypes<Q, A>,
  answer: (request: Q, call: RpcCall) => Draft<A> | Promise<Draft<A> | WrittenMessage>,
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
