import type { Fault } from "../../../base/fault.ts";
import { type RpcCode, type RpcStatus, rpcStatus } from "../../rpc.ts";
import { statuses } from "../errors.ts";

/** gRPC status codes by HTTP status, as Triton pairs them. */
const codesByStatus: Readonly<Record<number, RpcCode>> = {
  400: "INVALID_ARGUMENT",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  405: "UNIMPLEMENTED",
  408: "DEADLINE_EXCEEDED",
  413: "RESOURCE_EXHAUSTED",
  415: "UNIMPLEMENTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

const codes: Readonly<Record<string, RpcCode>> = Object.fromEntries(
  Object.entries(statuses).map(([fault, status]) => [fault, codesByStatus[status] ?? "INTERNAL"]),
);

/** The status of a call that failed with this fault: the code that corresponds to its HTTP status. */
export function refusal(fault: Fault): RpcStatus {
  return rpcStatus(fault, codes);
}
