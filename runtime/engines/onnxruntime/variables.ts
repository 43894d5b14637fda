/**
 * What ONNX Runtime and NVIDIA's libraries below it take from the process' environment when they are loaded, and from nowhere else.
 * Since 1.30 builds of ONNX Runtime count what they run and where (`SystemMetrics`, the program's path) in a database below the
 * home folder and send it to its makers; nothing leaves a pod that its owner has not asked for.
 */
export function onnxRuntimeVariables(hasManyModels: boolean): Readonly<Record<string, string>> {
  return {
    ORT_DISABLE_TELEMETRY: "1",
    // cuBLAS and cuDNN round the factors of float32 products to 10 bits of mantissa (TF32) by themselves: on an H200 answers were
    // off by up to 5e-3 for it, and 5 to 20 % faster. Whoever wants that sets 1.
    NVIDIA_TF32_OVERRIDE: "0",
    // cuBLAS takes 32 MB for each of a model's handles on Hopper; with two times 4 MB a small model took 34 MB on an H200, not
    // 148, and large products were 20 % slower.
    ...(hasManyModels ? { CUBLAS_WORKSPACE_CONFIG: ":4096:2" } : {}),
  };
}
