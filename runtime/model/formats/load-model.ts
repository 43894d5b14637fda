import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import type { LoadedModel } from "../../engines/engine.ts";
import { prepareTensorFlowJs, tensorFlowJs } from "../../engines/tfjs/tensor-flow-js.ts";
import { formatFaults } from "./faults.ts";
import { type ParseRequest, parseInThread } from "./parser-thread.ts";

/** Values of `spec.model.format`; `Auto` looks at the file. */
export const modelFormats = ["Auto", "Keras", "SavedModel", "TensorFlowJs", "Onnx"] as const;
export type ModelFormat = (typeof modelFormats)[number];

/** What reading a model file may cost. */
export interface LoadLimits {
  /** Largest model file, and largest sum of all weights in memory. */
  readonly maxModelBytes: number;
  /** A file that takes longer to read is refused. */
  readonly parseTimeoutMs: number;
}

export const defaultLoadLimits: LoadLimits = { maxModelBytes: 8 * 1024 ** 3, parseTimeoutMs: 60_000 };

/** What a model file turned out to be. */
export interface ModelInMemory {
  /** As facts and status show it: `keras-h5`, `keras-zip`. */
  readonly format: string;
  readonly model: LoadedModel;
}

/**
 * Reads the model file at `path`, contained and within limits, and loads it into the first engine that can run it.
 * Throws a Fault (`formats/faults.ts`, `formats/keras/faults.ts`, `engines/tfjs/faults.ts`) with the layer or entry that is
 * to blame and the way out. A symbolic link is followed: whoever hands in a path has contained it.
 */
export async function loadModel(
  path: string,
  format: ModelFormat = "Auto",
  limits: LoadLimits = defaultLoadLimits,
): Promise<ModelInMemory> {
  const served = ["Auto", "Keras"] as const;
  if (format !== "Auto" && format !== "Keras") throw formatFaults.ModelFormatUnsupported({ format, served });
  const { maxModelBytes, parseTimeoutMs } = limits;
  const request: ParseRequest = { path, format: fileFormat(path, maxModelBytes), maxModelBytes };
  const parsing = parseInThread(request, parseTimeoutMs);
  prepareTensorFlowJs();
  const definition = await parsing;
  return { format: definition.format, model: await tensorFlowJs.load(definition) };
}

/** By content, not by name. An HDF5 file behind a user block begins with something else. */
function fileFormat(path: string, maxModelBytes: number): ParseRequest["format"] {
  const { start, sizeBytes } = startOf(path);
  if (sizeBytes > maxModelBytes) {
    throw formatFaults.ModelTooLarge({ what: basename(path), sizeBytes, limitBytes: maxModelBytes });
  }
  if (start.subarray(0, 4).equals(Buffer.from("PK\x03\x04", "latin1"))) return "keras-zip";
  if (start.subarray(0, 4).equals(Buffer.from("\x89HDF", "latin1")) || hasUserBlock(path)) return "keras-h5";
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

function hasUserBlock(path: string): boolean {
  return /\.(h5|hdf5)$/i.test(path);
}

function described(start: Buffer): string {
  return start.length === 0 ? "nothing: it is empty" : JSON.stringify(start.toString("latin1"));
}
