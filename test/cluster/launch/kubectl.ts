import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

/** Exit status and output of a command. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl as the cluster's admin. A failing command is a result, not an exception. */
export type Kubectl = (args: readonly string[], options?: { input?: string }) => Promise<CommandResult>;

/** kubectl for one cluster. */
export function kubectlFor(binary: string, kubeconfigPath: string): Kubectl {
  // The user's own kubectl preferences and caches must not affect the tests.
  const env = { ...process.env, KUBECTL_KUBERC: "false" };
  const cluster = [`--kubeconfig=${kubeconfigPath}`, `--cache-dir=${kubeconfigPath}.cache`];
  return (args, { input = "" } = {}) => capture(binary, ["kubectl", ...cluster, ...args], input, env);
}

/** Runs a command to its end and returns its output. */
export async function capture(
  file: string,
  args: readonly string[],
  input = "",
  env: NodeJS.ProcessEnv = process.env,
): Promise<CommandResult> {
  const child = spawn(file, args, { stdio: "pipe", env });
  // A command that ends without reading its input closes the pipe; its exit status says more than this error.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode ?? -1, stdout, stderr };
}
