import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startApiProcess } from "./api-process.ts";
import { type Access, containerFlags } from "./operator-process.ts";

/** What a bare loop took for all its work. */
export interface BareTook {
  readonly wallMs: number;
  readonly cpuMs: number;
}

type Mode = "write" | "read" | "change";

/** A bare loop's creation of this many objects, on an API server of its own. */
export async function bareCreation(mode: "write" | "read", size: number): Promise<BareTook> {
  const api = await startApiProcess();
  try {
    const loop = await startBareLoop(mode, api, size);
    await api.create(0, size);
    return await loop.took;
  } finally {
    await api.stop();
  }
}

/** Of each change, from the change to the write that a bare loop makes of it. */
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

/** A change of the model: what a ModelDeployment has to be rolled out for. */
export function sourceOf(index: number): object {
  return { spec: { model: { source: { configMap: { name: "models", key: `digits-${index}.h5` } } } } };
}

/** Starts one; it is ready when this resolves. */
export async function startBareLoop(mode: Mode, access: Access, size: number) {
  const place = "kubeconfigPath" in access ? ["kubeconfig", access.kubeconfigPath] : [access.port, access.folder];
  const script = fileURLToPath(import.meta.resolve("./bare-loop.ts"));
  const child = spawn(process.execPath, [...containerFlags, script, mode, ...place, String(size)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  const took = once(lines, "line").then(([line]) => JSON.parse(String(line)) as BareTook); // its own line
  took.catch(() => {});
  return { took, end: () => void child.kill() };
}
