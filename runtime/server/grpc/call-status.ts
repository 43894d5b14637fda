import type { Fault } from "../../base/fault.ts";
import type { HeaderList } from "../../http2/hpack/header-writer.ts";
import { retryAfterSeconds } from "../../protocols/protocol.ts";
import { type RpcCode, rpcCodes, type RpcService } from "../../protocols/rpc.ts";

/** How a call ends: what its trailers say. */
export interface CallStatus {
  readonly code: RpcCode;
  readonly details: string;
  /** Trailing metadata, names and values in turn. */
  readonly headers?: HeaderList;
}

/** A call that its transport refuses: no service hears of it. */
export class CallRefusedError extends Error {
  readonly code: RpcCode;

  constructor(code: RpcCode, details: string) {
    super(details);
    this.name = "CallRefusedError";
    this.code = code;
  }
}

const good: HeaderList = ["grpc-status", "0"];

/** Trailers of a call; undefined: it is answered. */
export function statusTrailers(status: CallStatus | undefined): HeaderList {
  if (status === undefined) return good;
  const { code, details, headers = [] } = status;
  return ["grpc-status", String(rpcCodes[code]), "grpc-message", encodeURI(details.toWellFormed()), ...headers];
}

/** The status of a refused call; where asking again may help, gRPC's own retries are told when. */
export function faultStatus(service: RpcService, fault: Fault): CallStatus {
  const { code, details, headers } = service.refusal(fault);
  const list = Object.entries(headers).flatMap(([name, value]) => [name.toLowerCase(), value]);
  if (code === "UNAVAILABLE") list.push("grpc-retry-pushback-ms", String(1000 * retryAfterSeconds(fault)));
  return { code, details, headers: list };
}
