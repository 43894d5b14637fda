import type { Fault } from "../../../base/fault.ts";
import { type RpcCode, type RpcRefusal, rpcRefusal } from "../../rpc.ts";
import { statuses } from "../errors.ts";

/** gRPC's codes for the HTTP statuses of the protocol, as Triton pairs them. */
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

/** How a call ends that meets this fault: as in REST, with the code of the status. */
export function refusal(fault: Fault): RpcRefusal {
  return rpcRefusal(fault, codes);
}
