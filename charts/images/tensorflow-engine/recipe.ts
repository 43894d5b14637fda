import { createHash } from "node:crypto";

/** Whether TensorFlow comes from the wheel without or with GPU kernels. */
export type Device = "cpu" | "gpu";

/** Inputs of a build of the TensorFlow engine. All of them come from package registries. */
export interface Recipe {
  readonly device: Device;
  /** npm packages: the addon's C++ source, the layers that run on it, and Node's headers for addons. */
  readonly packages: Readonly<Record<string, string>>;
  /** Python wheels: `libtensorflow_cc` and its C headers; with a GPU also the CUDA libraries that it loads. */
  readonly wheels: readonly string[];
  /** Path prefixes of the files to take from the wheels. */
  readonly taken: readonly string[];
  /** Where the result has CUDA's libraries; see `linkLibraries`. */
  readonly layout?: string;
}

/** Versions that were tested together. The addon uses only TensorFlow's stable C API. */
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

/** A hash that identifies a build by its recipe, platform and compiler command. */
export function fingerprint(inputs: Recipe, compile: readonly string[]): string {
  const content = JSON.stringify([inputs, compile, process.platform, process.arch]);
  return createHash("sha256").update(content).digest("hex").slice(0, 32);
}
