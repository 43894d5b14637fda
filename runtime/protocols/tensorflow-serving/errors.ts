import { Fault } from "../../base/fault.ts";
import type { faults as dataplaneFaults } from "../../dataplane/faults.ts";
import type { faults as jsonFaults } from "../json/faults.ts";
import { type ProtocolResponse, type TransportCode, refusalHeaders, retryAfterSeconds } from "../protocol.ts";
import type { faults as exampleFaults } from "./examples/faults.ts";
import type { faults } from "./faults.ts";

/** HTTP status codes of TensorFlow Serving's canonical codes (http_server.cc, ToHTTPStatusCode). */
const httpCodes = {
  CANCELLED: 499,
  INVALID_ARGUMENT: 400,
  NOT_FOUND: 404,
  DEADLINE_EXCEEDED: 504,
  RESOURCE_EXHAUSTED: 429,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  INTERNAL: 500,
} as const;
type Status = keyof typeof httpCodes;

type Code =
  | keyof typeof faults
  | keyof typeof exampleFaults
  | keyof typeof dataplaneFaults
  | keyof typeof jsonFaults
  | TransportCode
  | "Unexpected";

/** Canonical code of every fault of a request. */
export const statuses: Readonly<Record<Code, Status>> = {
  MalformedRequest: "INVALID_ARGUMENT",
  OriginMissing: "INVALID_ARGUMENT",
  VersionNotNumeric: "INVALID_ARGUMENT",
  ModelNameMissing: "INVALID_ARGUMENT",
  ModelUnknown: "NOT_FOUND",
  VersionUnknown: "NOT_FOUND",
  LabelUnknown: "INVALID_ARGUMENT",
  ModelLoading: "NOT_FOUND",
  VersionLoading: "NOT_FOUND",
  LabelLoading: "INVALID_ARGUMENT",
  NoVersions: "NOT_FOUND",
  NoSuchVersion: "NOT_FOUND",
  SignatureUnknown: "INVALID_ARGUMENT",
  ExamplesNone: "INVALID_ARGUMENT",
  InputNotOne: "INVALID_ARGUMENT",
  ClassifyOutputCount: "INVALID_ARGUMENT",
  RegressOutputCount: "INVALID_ARGUMENT",
  SignatureKind: "INVALID_ARGUMENT",
  ClassifyOutputNames: "INVALID_ARGUMENT",
  ClassifyShape: "INVALID_ARGUMENT",
  ClassifyDtype: "INVALID_ARGUMENT",
  ClassifyRows: "INVALID_ARGUMENT",
  ClassifyWidths: "INVALID_ARGUMENT",
  RegressShape: "INVALID_ARGUMENT",
  RegressRows: "INVALID_ARGUMENT",
  RegressDtype: "INVALID_ARGUMENT",
  SignatureNamed: "INVALID_ARGUMENT",
  NotAnObject: "INVALID_ARGUMENT",
  KeyRepeated: "INVALID_ARGUMENT",
  SignatureNotText: "INVALID_ARGUMENT",
  InputsMissing: "INVALID_ARGUMENT",
  InputsTwice: "INVALID_ARGUMENT",
  InstancesNotList: "INVALID_ARGUMENT",
  InstancesEmpty: "INVALID_ARGUMENT",
  InstancesPlain: "INVALID_ARGUMENT",
  ColumnsPlain: "INVALID_ARGUMENT",
  ElementNotObject: "INVALID_ARGUMENT",
  ElementIsObject: "INVALID_ARGUMENT",
  ElementRefused: "INVALID_ARGUMENT",
  ElementKeys: "INVALID_ARGUMENT",
  ColumnMissing: "INVALID_ARGUMENT",
  NamedInputUnknown: "INVALID_ARGUMENT",
  ValueType: "INVALID_ARGUMENT",
  ValueUnimplemented: "UNIMPLEMENTED",
  ValueLevel: "INVALID_ARGUMENT",
  ListLevel: "INVALID_ARGUMENT",
  ListSize: "INVALID_ARGUMENT",
  ElementSize: "INVALID_ARGUMENT",
  ElementShape: "INVALID_ARGUMENT",
  NotBase64Object: "INVALID_ARGUMENT",
  NotBase64: "INVALID_ARGUMENT",
  ExamplesMissing: "INVALID_ARGUMENT",
  ExamplesNotList: "INVALID_ARGUMENT",
  ExamplesEmpty: "INVALID_ARGUMENT",
  ExampleNotObject: "INVALID_ARGUMENT",
  FeatureType: "INVALID_ARGUMENT",
  FeatureMixed: "INVALID_ARGUMENT",
  FeatureUnsigned: "INVALID_ARGUMENT",
  OutputWithoutRows: "INVALID_ARGUMENT",
  OutputRows: "INVALID_ARGUMENT",
  OutputUnwritable: "INVALID_ARGUMENT",
  JsonEmpty: "INVALID_ARGUMENT",
  JsonInvalid: "INVALID_ARGUMENT",
  SignatureMissing: "INVALID_ARGUMENT",
  InputRepeated: "INVALID_ARGUMENT",
  InputUnknown: "INVALID_ARGUMENT",
  InputMissing: "INVALID_ARGUMENT",
  InputDtype: "INVALID_ARGUMENT",
  InputShape: "INVALID_ARGUMENT",
  InputSize: "INVALID_ARGUMENT",
  InputTexts: "INVALID_ARGUMENT",
  BatchMismatch: "INVALID_ARGUMENT",
  OutputUnknown: "INVALID_ARGUMENT",
  QueueFull: "UNAVAILABLE",
  DeadlinePassed: "DEADLINE_EXCEEDED",
  Cancelled: "CANCELLED",
  Draining: "UNAVAILABLE",
  ValuesRefused: "INVALID_ARGUMENT",
  EngineFailed: "INVALID_ARGUMENT",
  EngineLost: "UNAVAILABLE",
  BodyTooLarge: "INVALID_ARGUMENT",
  BodiesTooMany: "UNAVAILABLE",
  BodyTooSlow: "DEADLINE_EXCEEDED",
  BodyUndecodable: "INVALID_ARGUMENT",
  EncodingUnsupported: "INVALID_ARGUMENT",
  ClientGone: "CANCELLED",
  Unexpected: "INTERNAL",
};

/** HTTP status codes of faults for which HTTP has a more specific one than their canonical code. */
const exactCodes: Readonly<Partial<Record<Code, number>>> = {
  BodyTooLarge: 413,
  BodyTooSlow: 408,
  EncodingUnsupported: 415,
};

/** Canonical code of a fault, as TensorFlow Serving prints it in nested errors. */
export function statusOf(fault: Fault): Status {
  return isKnown(fault.code) ? statuses[fault.code] : "INTERNAL";
}

/** The error response `{"error": "<message>"}` with the fault's HTTP status. */
export function refusal(fault: Fault): ProtocolResponse {
  const status = (isKnown(fault.code) ? exactCodes[fault.code] : undefined) ?? httpCodes[statusOf(fault)];
  return {
    status,
    headers: {
      "content-type": "application/json",
      ...(status === httpCodes.UNAVAILABLE ? { "retry-after": String(retryAfterSeconds(fault)) } : {}),
      ...refusalHeaders(fault),
    },
    body: `{ "error": ${JSON.stringify(fault.sentence)} }`,
    fault,
  };
}

function isKnown(code: string): code is Code {
  return Object.hasOwn(statuses, code);
}
