import { execFile } from "node:child_process";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { programBundles, programs } from "../../../charts/images/program-image.ts";

/** How a program is started. */
export interface BuiltProgram {
  /** Node's flags and the program's file. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "..", "..", "..");
let built: Promise<BuiltProgram> | undefined;

/** The runtime as its image starts it: built, which is done first, with its flags and its few arenas of memory. */
export function builtRuntime(): Promise<BuiltProgram> {
  built ??= (async () => {
    await promisify(execFile)(join(root, "node_modules", ".bin", "tsc"), ["-b", "runtime"], { cwd: root });
    const files = await programBundles(root, "runtime");
    const main = files.find((file) => basename(file) === basename(programs.runtime.main)) ?? "";
    return { args: [...programs.runtime.flags, main], env: { NODE_ENV: "production", MALLOC_ARENA_MAX: "2" } };
  })();
  return built;
}
