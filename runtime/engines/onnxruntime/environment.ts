/**
 * Environment variables that ONNX Runtime and NVIDIA's libraries read when they are loaded; they have no other setting.
 * Builds of ONNX Runtime since 1.30 record what runs (`SystemMetrics`, the program's path) in a database in the home
 * folder and send it to its vendor; nothing leaves a pod unless its owner asks for it.
 */
export function onnxRuntimeEnvironment(hasManyModels: boolean): Readonly<Record<string, string>> {
  return {
    ORT_DISABLE_TELEMETRY: "1",
    // By default cuBLAS and cuDNN round the factors of float32 products to 10 bits of mantissa (TF32): on an H200 this
    // made results differ by up to 5e-3 and run 5 to 20 % faster. Set it to 1 to allow that.
    NVIDIA_TF32_OVERRIDE: "0",
    // cuBLAS reserves 32 MB per handle of a model on Hopper. With two buffers of 4 MB a small model took 34 MB on an
    // H200 instead of 148 MB, and large products were 20 % slower.
    ...(hasManyModels ? { CUBLAS_WORKSPACE_CONFIG: ":4096:2" } : {}),
  };
}
