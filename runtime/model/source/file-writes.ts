import type { FileHandle } from "node:fs/promises";
import { errorText } from "../../base/fault.ts";
import { faults } from "./faults.ts";

/** Runs a write and converts the file system's error to `TargetUnwritable`. */
export async function withWriteFaults<Value>(path: string, write: () => Promise<Value>): Promise<Value> {
  try {
    return await write();
  } catch (thrown) {
    throw faults.TargetUnwritable({ path, reason: errorText(thrown) }, thrown);
  }
}

/**
 * Writes all of the bytes, at a position or at the end. On a nearly full volume the system writes only a part and reports the
 * error on the next write.
 */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const place = position === undefined ? null : position + at;
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, place);
    if (bytesWritten === 0) throw new Error(`${bytes.length - at} bytes were not written`);
    at += bytesWritten;
  }
}
