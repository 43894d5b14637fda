import { inOneof, type MessageOf, message, nested, plain, repeated } from "./protobuf/message.ts";

// tensorflow_serving/sources/storage_path/file_system_storage_path_source.proto
const name = "tensorflow.serving.FileSystemStoragePathSourceConfig.ServableVersionPolicy";
const latest = message(`${name}.Latest`, { numVersions: plain(1, "uint32") });
const all = message(`${name}.All`, {});
const specific = message(`${name}.Specific`, { versions: repeated(1, "safe64") });
const choices = {
  latest: inOneof(
    "policy_choice",
    nested(100, () => latest),
  ),
  all: inOneof(
    "policy_choice",
    nested(101, () => all),
  ),
  specific: inOneof(
    "policy_choice",
    nested(102, () => specific),
  ),
};

/**
 * TensorFlow Serving's `ServableVersionPolicy`: which versions of a model are served. Used by its configuration file
 * and over gRPC.
 */
export const servableVersionPolicy = message(name, choices);

/** Decodes a policy. As in TensorFlow Serving, no policy means the latest version, and `latest` without a number means one. */
export function chosenVersions(policy: MessageOf<typeof choices> | undefined) {
  if (policy?.all !== undefined) return { kind: "all" } as const;
  if (policy?.specific !== undefined) return { kind: "specific", numbers: policy.specific.versions } as const;
  return { kind: "latest", count: policy?.latest?.numVersions || 1 } as const;
}
