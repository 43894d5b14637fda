import { getCompileCacheDir } from "node:module";
import { type ResourceLimits, Worker, type WorkerOptions } from "node:worker_threads";

interface ProgramThread {
  /** What it starts from: a file below `runtime/`, without its ending. */
  readonly entry: string;
  /** Bounds of its JavaScript memory; absent: those of the program. */
  readonly resourceLimits?: ResourceLimits;
}

/** The threads that programs start, by their names. */
export const programThreads = {
  engine: { entry: "model/placement/engine-thread" },
  bodies: { entry: "protocols/body-thread" },
  comparisons: {
    entry: "gateway/mirror/comparison-thread",
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
  },
  /** Weights lie outside its JavaScript memory and are counted before they are read. */
  parser: {
    entry: "model/formats/parser",
    resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  },
} as const satisfies Readonly<Record<string, ProgramThread>>;

/** Joined to few files, a program has this one under another name, and its threads' beside it. */
const [, below, ending = "js"] = /^(.*\/)base\/threads\/program-threads\.([jt]s)$/.exec(import.meta.url) ?? [];

/**
 * Starts a thread, from source as from what was built. It sees nothing of the environment but where compiled code is kept: compiling
 * takes half of its start.
 */
export function startedThread(
  name: keyof typeof programThreads,
  options: Pick<WorkerOptions, "workerData" | "stderr"> = {},
): Worker {
  const { entry, ...limits }: ProgramThread = programThreads[name];
  const cache = getCompileCacheDir();
  const url =
    below === undefined
      ? new URL(`./${entry.replace(/.*\//, "")}.${ending}`, import.meta.url)
      : new URL(`${below}${entry}.${ending}`);
  return new Worker(url, {
    name,
    env: cache === undefined ? {} : { NODE_COMPILE_CACHE: cache },
    execArgv: [],
    ...limits,
    ...options,
  });
}
