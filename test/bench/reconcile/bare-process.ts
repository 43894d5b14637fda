import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startApiProcess } from "./api-process.ts";
import { type Access, containerFlags } from "./operator-process.ts";

/** The elapsed and processor time of a bare loop. */
export interface BareTimes {
  readonly wallMs: number;
  readonly cpuMs: number;
}

type Mode = "write" | "read" | "change";

/** Measures a bare loop that creates the children of this many objects, on a new API server. */
export async function bareCreation(mode: "write" | "read", size: number): Promise<BareTimes> {
  const api = await startApiProcess();
  try {
    const loop = await startBareLoop(mode, api, size);
    await api.create(0, size);
    return await loop.took;
  } finally {
    await api.stop();
  }
}

/** The time from each change to the write of a bare loop. */
export async function bareChanges(size: number, names: readonly string[]): Promise<readonly number[]> {
  const api = await startApiProcess();
  try {
    await api.create(0, size);
    const loop = await startBareLoop("change", api, size);
    const tookMs: number[] = [];
    for (const [index, name] of names.entries()) tookMs.push((await api.change(name, sourceOf(index))).lastChildMs);
    loop.end();
    return tookMs;
  } finally {
    await api.stop();
  }
}

/** A patch of the model, which needs a rollout. */
export function sourceOf(index: number): object {
  return { spec: { model: { source: { configMap: { name: "models", key: `digits-${index}.h5` } } } } };
}

/** Starts a bare loop; resolves when it is ready. */
export async function startBareLoop(mode: Mode, access: Access, size: number) {
  const accessArgs = "kubeconfigPath" in access ? ["kubeconfig", access.kubeconfigPath] : [access.port, access.folder];
  const script = fileURLToPath(import.meta.resolve("./bare-loop.ts"));
  const child = spawn(process.execPath, [...containerFlags, script, mode, ...accessArgs, String(size)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  const took = once(lines, "line").then(([line]) => JSON.parse(String(line)) as BareTimes); // its own line
  took.catch(() => {});
  return { took, end: () => void child.kill() };
}
