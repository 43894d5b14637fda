import { spawn } from "node:child_process";

/** Runs a program with inherited output and waits for its end. Throws when it is missing or fails, naming the command. */
export function run(program: string, args: readonly string[], { cwd }: { readonly cwd: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
    child.once("error", (error) =>
      reject(new Error(`${program} cannot be run: ${error.message}; it must be on the PATH`)),
    );
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${[program, ...args].join(" ")} ended with ${signal ?? `code ${code}`}`));
    });
  });
}
