import { Fault } from "../../base/fault.ts";
import type { LoadedModel } from "../../engines/engine.ts";
import { type EngineSettings, loadIntoEngine, prepareEngine, readingsOf } from "./engine-choice.ts";
import { formatFaults } from "./faults.ts";
import { parseInThread } from "./parser-thread.ts";
import { familyOf, recognisedFormat } from "./recognition.ts";

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
const graphLimits: ReadonlySet<string> = new Set(["OperationsUnsupported", "GraphInvalid", "ConstantUnsupported"]);

/**
 * Reads the model at `path`, contained and within limits, and loads it into the engine that is asked for, or into the first
 * that can run it. Throws a Fault (`faults.ts` here, of the format and of the engine) with the layer, operator or entry that
 * is to blame and the way out. A symbolic link is followed: whoever hands in a path has contained it.
 */
export async function loadModel(path: string, wanted: ModelFormat | LoadOptions = {}): Promise<ModelInMemory> {
  const {
    format = "Auto",
    limits = defaultLoadLimits,
    engine = "Auto",
    ...settings
  } = typeof wanted === "string" ? { format: wanted } : wanted;
  const { maxModelBytes, parseTimeoutMs } = limits;
  const served = ["Auto", ...new Set(Object.values(familyOf))];
  if (!served.includes(format)) throw formatFaults.ModelFormatUnsupported({ format, served });
  const found = recognisedFormat(path, maxModelBytes);
  const readings = readingsOf(found, { engine, ...settings });
  const notes: string[] = [];
  for (const [i, { isForTensorFlow, engine }] of readings.entries()) {
    try {
      const parsing = parseInThread({ path, format: found, maxModelBytes, isForTensorFlow }, parseTimeoutMs);
      if (!isForTensorFlow) await Promise.all([prepareEngine(found, { engine }), parsing]);
      const definition = await parsing;
      return { format: definition.format, model: await loadIntoEngine(definition, { ...settings, engine }, notes) };
    } catch (thrown) {
      const { code, message } = Fault.from(thrown);
      const helpsElse = isForTensorFlow || graphLimits.has(code);
      if (i === readings.length - 1 || !helpsElse) throw thrown;
      notes.push(`${isForTensorFlow ? "TensorFlow" : "TensorFlowJs"} cannot run it: ${message}`);
    }
  }
  throw new Error("a model has at least one reading");
}
