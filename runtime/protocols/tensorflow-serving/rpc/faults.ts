import { faultCatalogue } from "../../../base/fault.ts";

type Names = readonly string[];

/** What TensorFlow Serving's gRPC API refuses, in its own words; ours come after them where it gives no reason. */
export const faults = faultCatalogue<{
  ModelSpecMissing: object;
  ModelNameEmpty: object;
  SignatureKeyUnknown: { signature: string };
  InputCount: { given: Names; known: Names };
  AliasUnknown: { alias: string; known: Names };
  TensorUnreadable: { alias: string; reason: string };
  FilledTooMuch: { sizeBytes: number; limitBytes: number };
  OutputAliasUnknown: { alias: string; known: Names };
  OutputAliasRepeated: { alias: string };
  TaskModelEmpty: object;
  TaskModelsDiffer: object;
  TaskRepeated: { signature: string };
  TaskSignatureUnknown: { signature: string };
  TaskMethodUnknown: { method: string };
  MetadataFieldMissing: object;
  MetadataFieldUnknown: { field: string };
  ConfigKind: object;
  ConfigFixed: object;
  ConfigNameRepeated: { name: string };
  ConfigRefused: { reason: string };
  ConfigUnserved: { reason: string };
}>({
  ModelSpecMissing: said(() => "Missing ModelSpec"),
  ModelNameEmpty: said(() => "ModelSpec has no name specified."),
  SignatureKeyUnknown: said(({ signature }) => `Serving signature key "${signature}" not found.`),
  InputCount: said(
    ({ given, known }) =>
      `input size does not match signature: ${given.length}!=${known.length} len({${listed(given)}}) != len({${listed(known)}}). ` +
      `Sent extra: {${listed(given.filter((name) => !known.includes(name)))}}. ` +
      `Missing but required: {${listed(known.filter((name) => !given.includes(name)))}}.`,
  ),
  AliasUnknown: said(
    ({ alias, known }) =>
      `input tensor alias not found in signature: ${alias}. Inputs expected to be in the set {${listed(known)}}.`,
  ),
  TensorUnreadable: said(({ alias, reason }) => `tensor parsing error: ${alias}: ${reason}`),
  FilledTooMuch: {
    message: ({ sizeBytes, limitBytes }) =>
      `tensors that requests do not bring the elements of take ${limitBytes} bytes together; ${sizeBytes} more have no room now`,
    hint: () => "send the elements, or fewer such requests at a time",
    retry: "backoff",
    level: "info",
  },
  OutputAliasUnknown: said(
    ({ alias, known }) =>
      `output tensor alias not found in signature: ${alias} Outputs expected to be in the set {${listed(known)}}.`,
  ),
  OutputAliasRepeated: said(({ alias }) => `duplicate output tensor alias: ${alias}`),
  TaskModelEmpty: said(() => "Found ModelSpec with an empty model name."),
  TaskModelsDiffer: said(() => "All ModelSpecs in a MultiInferenceRequest must access the same model name."),
  TaskRepeated: said(({ signature }) => `Duplicate evaluation of signature: ${signature}`),
  TaskSignatureUnknown: said(({ signature }) => `Requested signature not found in model graph: ${signature}`),
  TaskMethodUnknown: said(({ method }) => `Unsupported signature method_name: ${method}`),
  MetadataFieldMissing: said(() => "GetModelMetadataRequest must specify at least one metadata_field"),
  MetadataFieldUnknown: said(({ field }) => `Metadata field ${field} is not supported`),
  ConfigKind: said(
    () =>
      "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported",
  ),
  ConfigFixed: said(
    () => "Cannot transition to requested config. It is only legal to transition from one ModelConfigList to another.",
  ),
  ConfigNameRepeated: said(({ name }) => `Illegal to list model ${name} multiple times in config list`),
  ConfigRefused: said(({ reason }) => reason),
  ConfigUnserved: said(({ reason }) => reason),
});

/** Sets of names come sorted, as std::set has them. */
function listed(names: Names): string {
  return [...names].sort().join(",");
}

/** TensorFlow Serving gives no hints, and none of its refusals gets better by asking again. */
function said<Args>(message: (args: Args) => string) {
  return { message, retry: "never", level: "info" } as const;
}
