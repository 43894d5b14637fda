import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Environment } from "../base/parsed-options.ts";
import { Fault } from "../base/fault.ts";
import { startProgramThread } from "../base/threads/program-threads.ts";
import type { SerializedFault } from "../base/threads/serialized-fault.ts";
import { environment } from "../contract/environment.ts";
import type { InPlaceModel } from "../contract/in-place.ts";
import { inPlaceFaults } from "./faults.ts";

/** What the thread is started with. */
export interface FetchTask {
  readonly env: Environment;
  readonly logFields: object;
}

/** The thread's only message. */
export type FetchAnswer = { readonly kind: "fetched" } | { readonly kind: "failed"; readonly fault: SerializedFault };

/** Where a model is fetched to, and for whom. */
export interface FetchTerms {
  /** Emptied first; the model is at its `path` below it. */
  readonly folder: string;
  /** Environment of this process: proxies and identities that pods are given. */
  readonly env: Environment;
  /** Ends the thread. */
  readonly signal: AbortSignal;
}

/**
 * Downloads a listed model as the program `fetch` does, in a thread: proxies and settings of stores are global, and hashing and
 * unpacking would delay requests. Rejects with a Fault.
 */
export async function fetchInThread(model: InPlaceModel, { folder, env, signal }: FetchTerms): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const pod = env[environment.podName];
  const workerData: FetchTask = {
    env: { ...env, ...model.fetch, [environment.modelPath]: join(folder, model.path) },
    logFields: { program: "fetch", revision: model.revision, ...(pod === undefined ? {} : { pod }) },
  };
  const worker = startProgramThread("fetch", { env: workerData.env, workerData });
  const end = (): void => void worker.terminate();
  signal.addEventListener("abort", end, { once: true });
  if (signal.aborted) end();
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = (reason: string, cause?: unknown): void =>
        reject(inPlaceFaults.FetchEnded({ revision: model.revision, reason }, cause));
      worker.once("message", (answer: FetchAnswer) => {
        if (answer.kind === "fetched") resolve();
        else reject(new Fault(answer.fault));
      });
      worker.once("error", (error: Error) => fail(error.message, error));
      worker.once("exit", (code) => fail(`it ended with code ${code}`));
    });
  } finally {
    signal.removeEventListener("abort", end);
    await worker.terminate();
  }
}
