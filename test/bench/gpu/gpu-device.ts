import { execFileSync } from "node:child_process";

/** An NVIDIA GPU as nvidia-smi reports it. */
export interface GpuDevice {
  readonly name: string;
  readonly driver: string;
  readonly memoryMb: number;
}

/** The first GPU, or the reason why there is none. */
export function firstGpu(): GpuDevice | string {
  try {
    const [line = ""] = nvidiaSmi("name,driver_version,memory.total").split("\n");
    const [name = "", driver = "", memory] = line.split(", ");
    return { name, driver, memoryMb: Number(memory) };
  } catch (thrown) {
    return thrown instanceof Error ? (thrown.message.split("\n")[0] ?? "") : String(thrown);
  }
}

/** Used memory of the first GPU, of all processes, in MB. */
export function usedMb(): number {
  return Number(nvidiaSmi("memory.used").split("\n")[0]);
}

function nvidiaSmi(fields: string): string {
  const args = [`--query-gpu=${fields}`, "--format=csv,noheader,nounits"];
  return execFileSync("nvidia-smi", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}
