import { createHash } from "node:crypto";

/** Where a build gets TensorFlow from: the wheel with or without GPU kernels. */
export type Device = "cpu" | "gpu";

/** What a TensorFlow engine is made of. All of it comes from package registries. */
export interface Recipe {
  readonly device: Device;
  /** npm packages: the addon's C++ source, the layers that run on it, and Node's headers for addons. */
  readonly packages: Readonly<Record<string, string>>;
  /** Python wheels: `libtensorflow_cc` and its C headers; with a GPU also the CUDA libraries that it loads. */
  readonly wheels: readonly string[];
  /** What is taken out of the wheels, by the beginning of the path. */
  readonly taken: readonly string[];
  /** Where CUDA's libraries lie in the result; see `linkLibraries`. */
  readonly layout?: string;
}

/** The versions that were built and run together. The addon uses TensorFlow's stable C API only. */
export function recipe(device: Device): Recipe {
  const release = "2.21.0";
  return {
    device,
    packages: {
      "@tensorflow/tfjs-node-gpu": "4.22.0",
      "node-api-headers": "1.9.0",
    },
    wheels: [device === "gpu" ? `tensorflow[and-cuda]==${release}` : `tensorflow-cpu==${release}`],
    taken: [
      "tensorflow/libtensorflow_cc.so.2",
      "tensorflow/libtensorflow_framework.so.2",
      "tensorflow/include/tensorflow/c/",
      "tensorflow/include/tensorflow/core/platform/ctstring",
      "tensorflow/include/tsl/platform/ctstring",
      "tensorflow/include/xla/tsl/c/",
      "nvidia/",
    ],
    ...(device === "gpu" ? { layout: "deps/nvidia/<part>/lib" } : {}),
  };
}

/** Names a build by its content: another recipe, machine type or compiler command is another folder. */
export function fingerprint(made: Recipe, compile: readonly string[]): string {
  const content = JSON.stringify([made, compile, process.platform, process.arch]);
  return createHash("sha256").update(content).digest("hex").slice(0, 32);
}
