/**
 * What TensorFlow takes from the process' environment when it is loaded, and from nowhere else: how many threads it has, whether it
 * takes a GPU's memory at once, how much it prints.
 */
export function tensorFlowVariables(threads?: number): Readonly<Record<string, string>> {
  return {
    TF_CPP_MIN_LOG_LEVEL: "2",
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    ...(threads === undefined ? {} : { TF_NUM_INTRAOP_THREADS: String(threads), TF_NUM_INTEROP_THREADS: "1" }),
  };
}
