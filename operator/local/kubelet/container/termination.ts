import { open } from "node:fs/promises";
import { terminationMessageBytes } from "../../../../runtime/contract/termination.ts";
import type { ContainerState } from "../../../kube/kinds.ts";
import type { Container } from "../../../kube/kinds/container.ts";
import type { Exit } from "./child.ts";
import { logTail } from "./log-file.ts";

/** How a container ended; times as RFC 3339. */
export interface Termination {
  readonly exit: Exit;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly message: string;
}

/** The `terminated` state of a container, worded as the kubelet does. */
export function terminatedState({ exit, startedAt, finishedAt, message }: Termination): ContainerState {
  const text = exit.startFailure ?? message;
  return {
    terminated: {
      exitCode: exit.exitCode,
      ...(exit.signal === undefined ? {} : { signal: exit.signal }),
      reason: reasonOf(exit),
      ...(text === "" ? {} : { message: text }),
      startedAt,
      finishedAt,
    },
  };
}

function reasonOf(exit: Exit): string {
  if (exit.startFailure !== undefined) return "StartError";
  return exit.exitCode === 0 ? "Completed" : "Error";
}

/** The termination message of a container: its message file, or the log tail under FallbackToLogsOnError. */
export async function terminationMessage(container: Container, exit: Exit, files: { message: string; log: string }) {
  const message = await headOf(files.message, terminationMessageBytes);
  const fallsBack = container.terminationMessagePolicy === "FallbackToLogsOnError" && exit.exitCode !== 0;
  return message === "" && fallsBack ? logTail(files.log) : message;
}

async function headOf(path: string, limitBytes: number): Promise<string> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return "";
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(limitBytes), 0, limitBytes, 0);
    return buffer.subarray(0, bytesRead).toString("utf8");
  } finally {
    await file.close();
  }
}
