import type { Fault } from "../../../base/fault.ts";
import { type RpcCode, type RpcStatus, type rpcFaults, rpcStatus } from "../../rpc.ts";
import { statuses } from "../errors.ts";
import type { faults } from "./faults.ts";

/** Status codes of all faults of a call: those of REST, and those that only gRPC has. */
const codes: Readonly<Record<keyof typeof statuses | keyof typeof faults | keyof typeof rpcFaults, RpcCode>> = {
  ...statuses,
  MessageUnreadable: "INVALID_ARGUMENT",
  ModelSpecMissing: "INVALID_ARGUMENT",
  ModelNameEmpty: "INVALID_ARGUMENT",
  SignatureKeyUnknown: "FAILED_PRECONDITION",
  InputCount: "INVALID_ARGUMENT",
  AliasUnknown: "INVALID_ARGUMENT",
  TensorUnreadable: "INVALID_ARGUMENT",
  FilledTooMuch: "UNAVAILABLE",
  OutputAliasUnknown: "INVALID_ARGUMENT",
  OutputAliasRepeated: "INVALID_ARGUMENT",
  TaskModelEmpty: "INVALID_ARGUMENT",
  TaskModelsDiffer: "INVALID_ARGUMENT",
  TaskRepeated: "INVALID_ARGUMENT",
  TaskSignatureUnknown: "INVALID_ARGUMENT",
  TaskMethodUnknown: "UNIMPLEMENTED",
  MetadataFieldMissing: "INVALID_ARGUMENT",
  MetadataFieldUnknown: "INVALID_ARGUMENT",
  ConfigKind: "INVALID_ARGUMENT",
  ConfigFixed: "FAILED_PRECONDITION",
  ConfigNameRepeated: "INVALID_ARGUMENT",
  ConfigRefused: "INVALID_ARGUMENT",
  ConfigUnserved: "INTERNAL",
  LabelVersionUnavailable: "FAILED_PRECONDITION",
};

/** The status of a call that failed with this fault. */
export function refusal(fault: Fault): RpcStatus {
  return rpcStatus(fault, codes);
}
