import { faultCatalogue } from "../base/fault.ts";

/** Why a revision cannot be served in place of another. */
export const inPlaceFaults = faultCatalogue<{
  /** The file with the list of models is not what the operator writes. */
  InPlaceModelsInvalid: { at: string; value: string; expected: string };
  /** The pod's label names a revision without a model. */
  RevisionUnknown: { revision: string; known: readonly string[] };
  /** Two models do not fit beside each other; sizes in bytes. */
  InsufficientMemory: {
    revision: string;
    beside: string;
    expectedBytes: number;
    residentBytes: number;
    limitBytes: number;
  };
  /** The thread that downloads a model ended without an answer. */
  FetchEnded: { revision: string; reason: string };
  /** The process ended while the model was loaded beside the serving one. */
  LoadInterrupted: { revision: string; beside: string };
  /** The device has no room for two models. */
  DeviceNotShared: { revision: string; beside: string; engine: string; besideEngine: string; note: string };
}>({
  InPlaceModelsInvalid: {
    message: ({ at, value, expected }) => `${at} is ${value}; must be ${expected}`,
    hint: () => "what is loaded goes on serving; the operator writes the list",
    retry: "backoff",
    level: "warn",
  },
  RevisionUnknown: {
    message: ({ revision, known }) =>
      `the pod's label names revision ${revision}; models are known of ${known.join(", ")}`,
    hint: () => "the label and the list of models are the operator's: nothing else may change them",
    retry: "backoff",
    level: "error",
  },
  InsufficientMemory: {
    message: ({ revision, beside, expectedBytes, residentBytes, limitBytes }) =>
      `revision ${revision} does not fit beside ${beside}: it is expected to take ${mebibytes(expectedBytes)} MiB, ${mebibytes(residentBytes)} MiB of ${mebibytes(limitBytes)} MiB are in use`,
    hint: () => "raise spec.resources.memory, or let the model be replaced without the other beside it",
    retry: "never",
    level: "error",
  },
  FetchEnded: {
    message: ({ revision, reason }) => `the thread that downloads the model of revision ${revision} failed: ${reason}`,
    hint: () => "the log has more; what is loaded goes on serving",
    retry: "backoff",
    level: "error",
  },
  LoadInterrupted: {
    message: ({ revision, beside }) =>
      `the process ended while revision ${revision} was loaded beside ${beside}, probably for lack of memory`,
    hint: () => "raise spec.resources.memory, or set spec.rollout.capacity to Recreate",
    retry: "never",
    level: "error",
  },
  DeviceNotShared: {
    message: ({ revision, beside, engine, besideEngine, note }) =>
      `revision ${revision} runs on ${engine} beside ${beside}, which runs on ${besideEngine}${note === "" ? "" : `: ${note}`}`,
    hint: () => "the device may not have room for two models at a time",
    retry: "never",
    level: "error",
  },
});

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1024 ** 2);
}
