import type { FileHandle } from "node:fs/promises";
import { faults } from "./faults.ts";

/** Turns what the file system says of a write into `TargetUnwritable`. */
export async function writing<Value>(path: string, write: () => Promise<Value>): Promise<Value> {
  try {
    return await write();
  } catch (thrown) {
    throw faults.TargetUnwritable({ path, reason: thrown instanceof Error ? thrown.message : String(thrown) }, thrown);
  }
}

/**
 * Writes all of the bytes, at a position or after what was written before. The system takes a part where a volume has little room
 * left, and says why only when it is asked again.
 */
export async function writeWhole(file: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const place = position === undefined ? null : position + at;
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, place);
    if (bytesWritten === 0) throw new Error(`${bytes.length - at} bytes are not taken`);
    at += bytesWritten;
  }
}
