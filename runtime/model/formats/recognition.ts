import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { formatFaults } from "./faults.ts";

/** Kinds of files and folders, as facts and status show them; `readers.ts` has a reader for each. */
export type FileFormat = "keras-h5" | "keras-zip";

/** Which of `spec.model.format` a kind of file belongs to. */
export const familyOf: Readonly<Record<FileFormat, "Keras">> = {
  "keras-h5": "Keras",
  "keras-zip": "Keras",
};

/** Tells what a model is by its content, not by its name. Throws a Fault when it is nothing that has a reader, or too large. */
export function recognisedFormat(path: string, maxModelBytes: number): FileFormat {
  const { start, sizeBytes } = startOf(path);
  if (sizeBytes > maxModelBytes) {
    throw formatFaults.ModelTooLarge({ what: basename(path), sizeBytes, limitBytes: maxModelBytes });
  }
  if (start.subarray(0, 4).equals(Buffer.from("PK\x03\x04", "latin1"))) return "keras-zip";
  // An HDF5 file behind a user block begins with something else.
  if (start.subarray(0, 4).equals(Buffer.from("\x89HDF", "latin1")) || /\.(h5|hdf5)$/i.test(path)) return "keras-h5";
  throw formatFaults.ModelFormatUnknown({ file: basename(path), begins: described(start) });
}

function startOf(path: string): { readonly start: Buffer; readonly sizeBytes: number } {
  const start = Buffer.alloc(16);
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) throw formatFaults.ModelFileUnreadable({ path, reason: "it is not a file" });
      return { start: start.subarray(0, readSync(fd, start, 0, start.length, 0)), sizeBytes: stat.size };
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    if (!(thrown instanceof Error) || !("code" in thrown)) throw thrown;
    if (thrown.code === "ENOENT") throw formatFaults.ModelFileMissing({ path }, thrown);
    if ("syscall" in thrown) throw formatFaults.ModelFileUnreadable({ path, reason: thrown.message }, thrown);
    throw thrown;
  }
}

function described(start: Buffer): string {
  return start.length === 0 ? "nothing: it is empty" : JSON.stringify(start.toString("latin1"));
}
