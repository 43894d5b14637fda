import { basename } from "node:path";
import { Fault } from "../../base/fault.ts";
import type { LoadedModel } from "../../engines/engine.ts";
import type { ModelDefinition } from "./definition.ts";
import { type EngineSettings, type Reading, loadIntoEngine, prepareEngine, readingsOf } from "./engine-choice.ts";
import { formatFaults } from "./faults.ts";
import { parseInThread } from "./parser-thread.ts";
import { type FileFormat, familyOf, recognisedFormat } from "./format-detection.ts";

/** Values of `spec.model.format`; `Auto` looks at the file. */
export const modelFormats = ["Auto", "Keras", "SavedModel", "TensorFlowJs", "Onnx"] as const;
/** What a model's files can be. */
export type ModelFormat = (typeof modelFormats)[number];

/** What reading a model file may cost. */
export interface LoadLimits {
  /** Largest model file, and largest sum of all weights in memory. */
  readonly maxModelBytes: number;
  /** A file that takes longer to read is refused. */
  readonly parseTimeoutMs: number;
}

/** Larger files, or longer parsing, are refused. */
export const defaultLoadLimits: LoadLimits = { maxModelBytes: 8 * 1024 ** 3, parseTimeoutMs: 60_000 };

/** What a model is to be, and how it is to be run. */
export interface LoadOptions extends Partial<EngineSettings> {
  readonly format?: ModelFormat;
  readonly limits?: LoadLimits;
}

/** What a model file turned out to be. */
export interface ModelInMemory {
  /** As facts and status show it: `keras-h5`, `keras-zip`, `onnx`. */
  readonly format: string;
  readonly model: LoadedModel;
}

/** Refusals of a graph that TensorFlow itself may yet take; a damaged file is as damaged for it. */
const graphLimits: ReadonlySet<string> = new Set([
  "OperationsUnsupported",
  "GraphInvalid",
  "GraphKeepsState",
  "ConstantUnsupported",
]);

/**
 * Reads the model at `path`, contained and within limits, and loads it into the engine that is asked for, or into the first
 * that can run it. Throws a Fault (`faults.ts` here, of the format and of the engine) with the layer, operator or entry that
 * is to blame and the way out. A symbolic link is followed: whoever hands in a path has contained it.
 */
export async function loadModel(path: string, wanted: ModelFormat | LoadOptions = {}): Promise<ModelInMemory> {
  const options: LoadOptions = typeof wanted === "string" ? { format: wanted } : wanted;
  const { format = "Auto", limits = defaultLoadLimits, engine = "Auto", ...settings } = options;
  const found = recognisedFormat(path, limits.maxModelBytes);
  checkFormat(path, format, found);
  const notes: string[] = [];
  const readings = readingsOf(found, { engine, ...settings });
  const last = readings.at(-1);
  for (const reading of readings) {
    try {
      const definition = await definitionOf({ path, format: found, reading, limits });
      const model = await loadIntoEngine(definition, { ...settings, engine: reading.engine }, notes);
      if (reading.isForGpu !== true || isOnGpu(model)) return { format: definition.format, model };
      notes.push(notOnGpu(model, notes));
      model.unload();
    } catch (thrown) {
      if (reading === last) throw thrown;
      notes.push(noteOf(reading, thrown));
    }
  }
  throw new Error("a model has at least one reading");
}

function isOnGpu({ engine }: LoadedModel): boolean {
  return engine.endsWith("/cuda") || engine.endsWith("/gpu");
}

/** The engine's own reason, where no earlier one stands in its place. */
function notOnGpu({ engine, note }: LoadedModel, notes: readonly string[]): string {
  const reason = notes.length === 0 && note !== undefined ? note : "it does not run on the GPU";
  return `${engine.split("/")[0]}: ${reason}`;
}

function checkFormat(path: string, format: ModelFormat, found: FileFormat): void {
  if (format === "Auto" || format === familyOf[found]) return;
  throw formatFaults.ModelFormatOther({ file: basename(path), format, found: familyOf[found] });
}

interface Reads {
  readonly path: string;
  readonly format: FileFormat;
  readonly reading: Reading;
  readonly limits: LoadLimits;
}

/** Reads the file while the engine that will most likely run it is loaded. */
async function definitionOf({ path, format, reading, limits }: Reads): Promise<ModelDefinition> {
  const { maxModelBytes, parseTimeoutMs } = limits;
  const { isForTensorFlow, engine } = reading;
  const parsing = parseInThread({ path, format, maxModelBytes, isForTensorFlow }, parseTimeoutMs);
  if (!isForTensorFlow) await Promise.all([prepareEngine(format, { engine }), parsing]);
  return await parsing;
}

/** Why a reading was of no use; throws what the next one would meet again. */
function noteOf({ isForTensorFlow }: Reading, thrown: unknown): string {
  const { code, message } = Fault.from(thrown);
  if (isForTensorFlow) return `TensorFlow cannot run it: ${message}`;
  if (graphLimits.has(code)) return `TensorFlowJs cannot run it: ${message}`;
  throw thrown;
}
