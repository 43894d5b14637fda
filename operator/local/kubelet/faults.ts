import { faultCatalogue } from "../../../runtime/base/fault.ts";

/** Faults that keep a pod of local mode waiting. The codes are the kubelet's event and waiting reasons. */
export const kubeletFaults = faultCatalogue<{
  FailedMount: { volume: string; cause: string };
  CreateContainerConfigError: { cause: string };
  ErrImagePull: { image: string; known: readonly string[] };
  LoopbackUnavailable: { address: string; cause: string };
}>({
  FailedMount: {
    message: ({ volume, cause }) => `MountVolume.SetUp failed for volume "${volume}" : ${cause}`,
    retry: "backoff",
    level: "warn",
  },
  CreateContainerConfigError: { message: ({ cause }) => cause, retry: "backoff", level: "warn" },
  ErrImagePull: {
    message: ({ image, known }) =>
      `failed to pull image "${image}": local mode has no images but ${known.map((name) => `"${name}"`).join(", ")}`,
    retry: "backoff",
    level: "warn",
  },
  LoopbackUnavailable: {
    message: ({ address, cause }) =>
      `pods cannot get loopback addresses of their own: ${address} is refused (${cause})`,
    hint: () => "on macOS add the addresses first: sudo ifconfig lo0 alias 127.77.0.1",
    retry: "never",
    level: "error",
  },
});
