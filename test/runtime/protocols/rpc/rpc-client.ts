import { Client, type Metadata, type ServiceError, credentials, status } from "@grpc/grpc-js";
import { systemClock } from "../../../../runtime/base/clock.ts";
import type { Draft, MessageType } from "../../../../runtime/base/protobuf/message.ts";
import type { RpcService } from "../../../../runtime/protocols/rpc.ts";
import type { GrpcParts } from "../../../../runtime/server/grpc/answer-call.ts";
import { type GrpcServer, openGrpcServer } from "../../../../runtime/server/grpc-server.ts";

/** Services on a port of 127.0.0.1, and a grpc-js client of them. */
export interface Caller {
  readonly server: GrpcServer;
  readonly client: Client;
  /** The response, or the error as `CODE: details`. */
  call<Q extends object, A extends object>(method: Method<Q, A>, request: Draft<Q>): Promise<A | string>;
  /** Like `call`, with an encoded request. */
  callRaw(path: string, bytes: Uint8Array, options?: CallOptions): Promise<Buffer | string>;
  close(): Promise<void>;
}

/** Path and message types of a method. */
export interface Method<Q extends object, A extends object> {
  readonly path: string;
  readonly request: MessageType<Q>;
  readonly response: MessageType<A>;
}

export interface CallOptions {
  readonly metadata?: Metadata;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

type Overrides = Partial<Omit<GrpcParts, "services">> & { readonly channel?: Readonly<Record<string, number>> };

export async function openCaller(services: readonly RpcService[], overrides: Overrides = {}): Promise<Caller> {
  const { channel, ...given } = overrides;
  const parts: GrpcParts = {
    services,
    maxBytes: 64 * 1024 * 1024,
    timeoutMs: 10_000,
    onStart: () => {},
    onAnswer: () => {},
    clock: systemClock,
    ...given,
  };
  const server = await openGrpcServer({ host: "127.0.0.1", port: 0, portFlag: "--grpc-port" }, () =>
    Promise.resolve(parts),
  );
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure(), {
    "grpc.max_send_message_length": -1,
    "grpc.max_receive_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
    ...channel,
  });
  const callRaw: Caller["callRaw"] = (path, bytes, { metadata, deadlineMs, signal } = {}) =>
    new Promise((resolve) => {
      const done = (error: ServiceError | null, answer?: Buffer): void =>
        resolve(error === null ? (answer ?? Buffer.alloc(0)) : refusalText(error));
      const deadline = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
      const call =
        metadata === undefined
          ? client.makeUnaryRequest(path, asIs, asIs, Buffer.from(bytes), deadline, done)
          : client.makeUnaryRequest(path, asIs, asIs, Buffer.from(bytes), metadata, deadline, done);
      signal?.addEventListener("abort", () => call.cancel());
    });
  return {
    server,
    client,
    callRaw,
    call: async ({ path, request, response }, draft) => {
      const answer = await callRaw(path, request.encode(draft));
      return typeof answer === "string" ? answer : response.decode(answer);
    },
    close: async () => {
      client.close();
      await server.close();
    },
  };
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

export function refusalText({ code, details }: ServiceError): string {
  return `${status[code]}: ${details}`;
}

/** The path of a method, which the service must have. */
export function pathOf({ name, methods }: RpcService, method: string): string {
  if (!Object.hasOwn(methods, method)) throw new Error(`${name} has no method ${method}`);
  return `/${name}/${method}`;
}

/** Sends requests on a bidirectional stream; resolves with all responses. */
export function conversation(
  caller: Caller,
  path: string,
  requests: readonly Uint8Array[],
): Promise<readonly Buffer[]> {
  const stream = caller.client.makeBidiStreamRequest(path, asIs, asIs);
  const answers: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<readonly Buffer[]>();
  stream.on("data", (bytes: Buffer) => answers.push(bytes));
  stream.on("error", (error: ServiceError) => reject(new Error(refusalText(error))));
  stream.on("end", () => resolve(answers));
  for (const bytes of requests) stream.write(Buffer.from(bytes));
  stream.end();
  return promise;
}
