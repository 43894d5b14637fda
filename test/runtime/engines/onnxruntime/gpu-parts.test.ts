import { describe, expect, it } from "vitest";
import { isOutOfMemory, reasonOf } from "../../../../runtime/engines/onnxruntime/faults.ts";
import { onnxRuntimeEnvironment } from "../../../../runtime/engines/onnxruntime/environment.ts";
import { fallbackNote, firstLine } from "../../../../runtime/engines/tensorflow/tensor-flow.ts";

const call =
  "std::conditional_t<THRW, void, onnxruntime::common::Status> onnxruntime::CudaCall(ERRTYPE, const char*, const char*, SUCCTYPE, const char*, const char*, int) [with ERRTYPE = cublasStatus_t; bool THRW = true; SUCCTYPE = cublasStatus_t; std::conditional_t<THRW, void, common::Status> = void] ";
const place =
  " ; GPU=0 ; hostname=vm ; file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_stream_handle.cc ; line=79 ; expr=cublasCreate(&cublas_handle_);";

describe("errors of NVIDIA's libraries", () => {
  it.each([
    ["CUBLAS failure 3: the resource allocation failed", true],
    ["CUDA failure 2: out of memory", true],
    ["CUDA failure 100: no CUDA-capable device is detected", false],
  ])("are reported without ONNX Runtime's source locations: %s", (said, isShort) => {
    const reason = reasonOf(new Error(`${call}${call}${said}${place}`));
    expect([reason, isOutOfMemory(reason)]).toEqual([said, isShort]);
  });

  it("include ONNX Runtime's own failed allocations", () => {
    expect(isOutOfMemory("Failed to allocate memory for requested buffer of size 58982400")).toBe(true);
  });
});

describe("the environment of NVIDIA's libraries", () => {
  it("turns off TF32 rounding", () => {
    expect(onnxRuntimeEnvironment(false)).toEqual({ ORT_DISABLE_TELEMETRY: "1", NVIDIA_TF32_OVERRIDE: "0" });
  });

  it("limits the cuBLAS workspace when there are many models", () => {
    expect(onnxRuntimeEnvironment(true)["CUBLAS_WORKSPACE_CONFIG"]).toBe(":4096:2");
  });
});

describe("TensorFlow", () => {
  it("reports why it does not load a model, also on a GPU, where the error count comes first", () => {
    const said = "Could not find variable topic/kernel. This could mean that the variable has been deleted.";
    const gpu = `Session fail to run with error: 2 root error(s) found.\n  (0) FAILED_PRECONDITION: ${said}\n\t [[{{node x}}]]`;
    const want = "Session fail to run with error: Could not find variable topic/kernel";
    expect([firstLine(new Error(gpu)), firstLine(`Session fail to run with error: ${said}`)]).toEqual([want, want]);
  });

  it.each([
    ["runs on it", true, true],
    ["has none", false, false],
  ])("has no note about the GPU when it %s", (_, isOnGpu, hasGpu) => {
    expect(fallbackNote(isOnGpu, hasGpu)).toBeUndefined();
  });

  it("has a note about a GPU that it does not use", () => {
    expect(fallbackNote(false, true)).toBe(
      "it does not run on the GPU: TensorFlow has no CUDA, or does not find all of its libraries; TF_CPP_MIN_LOG_LEVEL=0 makes it tell which",
    );
  });
});
