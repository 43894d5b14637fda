import type { Buffer } from "node:buffer";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { RpcMethod, RpcService, StreamMethod, UnaryMethod } from "../../protocols/rpc.ts";
import { faults } from "../faults.ts";
import { type AnsweredRequest, traceContext } from "../protocol-listener.ts";
import { CallRefusedError, faultStatus } from "./call-status.ts";
import type { GrpcCall } from "./grpc-call.ts";
import { plainMessage, type RawMessage } from "./message-reader.ts";
import { type RequestQueue, requestQueue } from "./request-queue.ts";

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

/** A call, and who answers it. */
export interface Answering {
  readonly call: GrpcCall;
  readonly path: string;
  readonly service: RpcService;
  readonly parts: GrpcParts;
}

const messageTimeoutMs = 60_000;

/** Has a method answer a call. */
export function answerCall(answering: Answering, method: RpcMethod): void {
  if (method.kind === "unary") {
    const client = { aborted: false };
    const cancelled = (): void => {
      client.aborted = true;
    };
    whenWhole(answering, cancelled, (request) => void answerOnce(answering, method, { request, client }));
  } else if (method.isClientStreaming)
    void converse(answering, method, requestQueue(answering.call, answering.parts.maxBytes));
  else {
    const left = new AbortController();
    whenWhole(
      answering,
      () => left.abort(),
      (request) => void converse(answering, method, { requests: single(request), left }),
    );
  }
}

/** Waits for the one message of a call and for its end. Nobody else hears of it before. */
function whenWhole({ call, path, parts }: Answering, cancelled: () => void, whole: (request: Buffer) => void): void {
  const { clock, maxBytes, messageTimeoutMs: timeoutMs = messageTimeoutMs } = parts;
  const cancel = clock.after(timeoutMs, () =>
    call.end({ code: "DEADLINE_EXCEEDED", details: `the request did not come within ${timeoutMs / 1000} s` }),
  );
  let first: RawMessage | undefined;
  const unfit = (which: string): void =>
    call.end({
      code: "UNIMPLEMENTED",
      details: `Received ${which} request message for server streaming method ${path}`,
    });
  call.listen({
    message: (message) => {
      if (first === undefined) first = message;
      else unfit("a second");
    },
    ended: () => {
      cancel();
      if (first === undefined) unfit("no");
      else if (!first.isCompressed) whole(first.bytes);
      else plainMessage(first, call.encoding, maxBytes).then(whole, (thrown: unknown) => refuse(call, thrown));
    },
    cancelled: () => {
      cancel();
      cancelled();
    },
  });
}

function refuse(call: GrpcCall, thrown: unknown): void {
  if (!(thrown instanceof CallRefusedError)) throw thrown;
  call.end({ code: thrown.code, details: thrown.message });
}

interface Asked {
  readonly request: Buffer;
  readonly client: { readonly aborted: boolean };
}

async function answerOnce(answering: Answering, method: UnaryMethod, { request, client }: Asked): Promise<void> {
  const { call, service, parts } = answering;
  const begun = begin(answering);
  const deadline = Math.min(begun.start + parts.timeoutMs, call.deadline);
  try {
    const answer = await method.answer(request, { signal: client, deadline });
    void call.send(answer);
    call.end();
    tell(begun);
  } catch (thrown) {
    const fault = Fault.from(thrown);
    call.end(faultStatus(service, fault));
    tell(begun, fault);
  }
}

async function converse(answering: Answering, method: StreamMethod, { requests, left }: RequestQueue): Promise<void> {
  const { call, service } = answering;
  const begun = begin(answering);
  const { signal } = left;
  const send = async (bytes: Uint8Array): Promise<void> => call.send(bytes);
  try {
    await method.stream(requests, send, { signal, deadline: call.deadline });
    call.end();
    tell(begun);
  } catch (thrown) {
    const fault = signal.aborted ? faults.ClientGone({}, thrown) : Fault.from(thrown);
    if (!signal.aborted) call.end(faultStatus(service, fault));
    tell(begun, fault);
  }
}

async function* single(request: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(request);
}

/** A call that runs. */
interface Told {
  readonly answering: Answering;
  readonly traceparent: string | undefined;
  readonly start: number;
}

function begin(answering: Answering): Told {
  const { call, parts } = answering;
  parts.onStart();
  return { answering, traceparent: traceContext(call.header("traceparent")), start: parts.clock.monotonic() };
}

/** Says that a call has ended, and how. */
function tell({ answering: { service, parts }, traceparent, start }: Told, fault?: Fault): void {
  parts.onAnswer({
    protocol: service.protocol,
    status: fault === undefined ? "OK" : service.refusal(fault).code,
    durationMs: parts.clock.monotonic() - start,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(fault === undefined ? {} : { fault }),
  });
}
