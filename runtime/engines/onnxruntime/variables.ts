/**
 * What ONNX Runtime takes from the process' environment when it is loaded, and from nowhere else. Since 1.30 its builds count what
 * they run and where (`SystemMetrics`, the program's path) in a database below the home folder and send it to its makers; nothing
 * leaves a pod that its owner has not asked for.
 */
export const onnxRuntimeVariables = { ORT_DISABLE_TELEMETRY: "1" } as const;
