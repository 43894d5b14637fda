import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { faults } from "../faults.ts";

const prefix = "sha256:";

/** `sha256:<64 hex digits>` of a file's bytes. */
export async function fileDigest(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), hash);
  } catch (thrown) {
    throw faults.ModelUnreadable({ path, reason: thrown instanceof Error ? thrown.message : String(thrown) }, thrown);
  }
  return prefix + hash.digest("hex");
}

/** A digest as it may be written, with or without `sha256:` and in any case, as this project prints it. */
export function normalDigest(text: string): string {
  const lower = text.trim().toLowerCase();
  return lower.startsWith(prefix) ? lower : prefix + lower;
}

/** Throws `DigestMismatch` when both are there and differ. */
export function checkDigest(place: string, actual: string, expected: string | undefined): void {
  if (expected === undefined || normalDigest(expected) === actual) return;
  throw faults.DigestMismatch({ place, expected: normalDigest(expected), actual });
}
