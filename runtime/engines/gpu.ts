import { existsSync } from "node:fs";

/** What NVIDIA's driver puts into every container that has a GPU, whoever gave it one. */
const controlDevice = "/dev/nvidiactl";

/** Whether this process was given a GPU. */
export function hasGpu(device: string = controlDevice): boolean {
  return existsSync(device);
}
