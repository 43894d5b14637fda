/**
 * Environment variables that TensorFlow reads when it is loaded; it has no other setting for the number of threads, GPU
 * memory growth and log level.
 */
export function tensorFlowEnvironment(threads?: number): Readonly<Record<string, string>> {
  return {
    TF_CPP_MIN_LOG_LEVEL: "2",
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    ...(threads === undefined ? {} : { TF_NUM_INTRAOP_THREADS: String(threads), TF_NUM_INTEROP_THREADS: "1" }),
  };
}
