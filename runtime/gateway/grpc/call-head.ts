import { modelHeader } from "../../contract/route-table.ts";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";
import { headerValue } from "../http2/header-record.ts";
import { type MethodShape, methodShape } from "./messages/methods.ts";
import { timeoutMs } from "./timeout.ts";

/** What a call's headers say: found out once for all calls of a connection that have the same. */
export interface CallHead {
  /** Names and values in turn. */
  readonly list: HeaderList;
  /** `/<service>/<method>`. */
  readonly method: string;
  readonly shape: MethodShape;
  /** The route that it names by header. */
  readonly routeKey: string | undefined;
  readonly host: string | undefined;
  /** How its messages are compressed, if they are. */
  readonly encoding: string | undefined;
  /** Milliseconds that its client allows. */
  readonly allowedMs: number | undefined;
  /** Those that pods get as they are; absent until one does. */
  passing?: HeaderList;
}

/** Media types of gRPC, but not of its kin that HTTP/1.1 can carry. */
const grpcType = /^application\/grpc($|[+;])/i;

/** Undefined: it is no call of gRPC. */
export function callHead(list: HeaderList): CallHead | undefined {
  if (headerValue(list, ":method") !== "POST" || !grpcType.test(headerValue(list, "content-type") ?? "")) {
    return undefined;
  }
  const method = headerValue(list, ":path") ?? "";
  return {
    list,
    method,
    shape: methodShape(method),
    routeKey: headerValue(list, modelHeader),
    host: headerValue(list, ":authority") ?? headerValue(list, "host"),
    encoding: headerValue(list, "grpc-encoding"),
    allowedMs: timeoutMs(headerValue(list, "grpc-timeout")),
  };
}
