import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Container } from "../../../kube/kinds/container.ts";
import type { Program } from "../container/child.ts";
import type { RunFiles } from "../container/container-runner.ts";
import { kubeletFaults } from "../faults.ts";
import { containerEnvironment, type EnvironmentContext, expanded } from "./container-environment.ts";
import { localPath, type Mount } from "./mount-paths.ts";

/** What a container's program hangs on beside its spec. */
export interface ProgramContext extends EnvironmentContext {
  /** Image name → the program that its entry point stands for. */
  readonly images: Readonly<Record<string, readonly string[]>>;
  /** Variables that every program gets, PATH for instance; a container's own win. */
  readonly hostEnvironment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
}

const defaultTerminationMessagePath = "/dev/termination-log";

/** What to run for a container, as an image's entry point, `command` and `args` make it, with paths of this machine. */
export async function containerProgram(
  container: Container,
  context: ProgramContext,
  files: RunFiles,
): Promise<Program> {
  const entryPoint = context.images[container.image ?? ""];
  if (entryPoint === undefined) {
    throw kubeletFaults.ErrImagePull({ image: container.image ?? "", known: Object.keys(context.images) });
  }
  await writeFile(files.message, "");
  const temporary = join(files.folder, "tmp");
  await mkdir(temporary, { recursive: true });
  const lastWordsPath = container.terminationMessagePath ?? defaultTerminationMessagePath;
  const mounts = [...context.mounts, { path: lastWordsPath, target: files.message }];
  const own = await containerEnvironment(container, context);
  const { command = [], args = [] } = container;
  const words = [...command, ...args].map((word) => localPath(expanded(word, own), mounts));
  return {
    argv: command.length > 0 ? words : [...entryPoint, ...words],
    environment: {
      ...context.hostEnvironment,
      HOSTNAME: context.pod.metadata.name ?? "",
      TMPDIR: context.mounts.find(({ path }) => path === "/tmp")?.target ?? temporary,
      ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name, localPath(value, mounts)])),
    },
    folder: files.folder,
  };
}
