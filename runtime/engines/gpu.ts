import { existsSync } from "node:fs";

/** Device file that NVIDIA's container runtime adds to every container with a GPU. */
const controlDevice = "/dev/nvidiactl";

/** Whether this process has access to an NVIDIA GPU. */
export function hasGpu(device: string = controlDevice): boolean {
  return existsSync(device);
}
