import { Fault } from "../../base/fault.ts";
import type { LoadedModel } from "../../engines/engine.ts";
import type { ModelDefinition } from "./definition.ts";
import { hasTensorFlow } from "../../engines/tensorflow/addon.ts";
import { formatFaults } from "./faults.ts";
import type { FileFormat } from "./format-detection.ts";

/** Values of `spec.serving.engine`; `Auto` takes the first that can run the model. */
export const modelEngines = ["Auto", "TensorFlowJs", "OnnxRuntime", "TensorFlow"] as const;
/** What can run a model. */
export type ModelEngine = (typeof modelEngines)[number];
type EngineName = Exclude<ModelEngine, "Auto">;

/** How a model shall be run. */
export interface EngineSettings {
  readonly engine: ModelEngine;
  /** Threads of one call, where the engine has them; default: the cores that this process may use. */
  readonly threads?: number;
  /** Run on the GPU where the engine finds one. */
  readonly wantsGpu?: boolean;
  /** Rows of requests that run together at most; 1 or absent: rows may depend on each other. */
  readonly maxBatchSize?: number;
}

type Load = (definition: ModelDefinition, settings: EngineSettings) => Promise<LoadedModel>;

/** Which engines run which kind of model, the best first. Their code is loaded when it is their turn. */
const engines: Readonly<Record<ModelDefinition["kind"], Partial<Record<EngineName, Load>>>> = {
  onnx: { OnnxRuntime: inOnnxRuntime },
  "keras-layers": { OnnxRuntime: inOnnxRuntime, TensorFlowJs: inTensorFlowJs },
  "saved-model": { TensorFlow: inTensorFlow },
  "tensorflow-graph": { OnnxRuntime: inOnnxRuntime, TensorFlowJs: inTensorFlowJs },
};

/** One way to read a model, and the engine that it is then for. */
export interface Reading {
  readonly isForTensorFlow: boolean;
  readonly engine: ModelEngine;
  /** It counts only where the model comes to run on the GPU. */
  readonly isForGpu?: true;
}

/**
 * In which ways a model is read until an engine takes it. Only SavedModels have two: as a graph for the other engines, and by
 * TensorFlow itself, when it is asked for, or for what the others cannot run: its memory is worth that alone. On a GPU each way is
 * first tried for the GPU.
 */
export function readingsOf(
  format: FileFormat,
  { engine, wantsGpu }: EngineSettings,
  isTensorFlowBuilt: () => boolean = hasTensorFlow,
): readonly Reading[] {
  const itself: Reading = { isForTensorFlow: true, engine: "TensorFlow" };
  const graph: Reading = { isForTensorFlow: false, engine };
  if (format !== "saved-model") return [graph];
  if (engine === "TensorFlow") return [itself, { ...graph, engine: "Auto" }];
  if (engine !== "Auto" || !isTensorFlowBuilt()) return [graph];
  const anywhere = [graph, itself];
  if (wantsGpu !== true) return anywhere;
  return [...anywhere.map((reading): Reading => ({ ...reading, isForGpu: true })), ...anywhere];
}

/**
 * Loads a model into the engine that is asked for, or into the first that takes it: then its `note` says why those before
 * do not. Throws a Fault that names what the engine cannot run.
 */
export async function loadIntoEngine(
  definition: ModelDefinition,
  settings: EngineSettings,
  notes: string[] = [],
): Promise<LoadedModel> {
  const able = Object.entries(engines[definition.kind]);
  const wanted = able.filter(([name]) => settings.engine === "Auto" || settings.engine === name);
  for (const [i, [name, load]] of wanted.entries()) {
    try {
      return noted(await preprocessed(await load(definition, settings), definition), notes);
    } catch (thrown) {
      const { code, message } = Fault.from(thrown);
      const isLast = i === wanted.length - 1;
      // Each engine lacks something else: what the last one says is of no use alone.
      if (isLast && i > 0 && code === "LayersNotInTensorFlowJs") {
        throw formatFaults.NoEngineForAll({ reasons: [...notes, message] }, thrown);
      }
      if (isLast) throw thrown;
      notes.push(`${name} cannot run it: ${message}`);
    }
  }
  const { engine } = settings;
  throw formatFaults.EngineUnfit({ engine, format: definition.format, able: ["Auto", ...able.map(([name]) => name)] });
}

/** What each kind of file becomes in memory. */
const kinds: Readonly<Record<FileFormat, "onnx" | "keras-layers" | "tensorflow-graph">> = {
  onnx: "onnx",
  "keras-h5": "keras-layers",
  "keras-zip": "keras-layers",
  "saved-model": "tensorflow-graph",
  tfjs: "tensorflow-graph",
};

/** Starts loading the engine that comes first for a kind of file, while the file is read in another thread. */
export async function prepareEngine(format: FileFormat, { engine }: EngineSettings): Promise<void> {
  const kind = kinds[format];
  if (engine === "TensorFlowJs" && kind !== "onnx") {
    (await import("../../engines/tfjs/tensor-flow-js.ts")).prepareTensorFlowJs();
  } else if (engine === "Auto" || engine === "OnnxRuntime") {
    (await import("../../engines/onnxruntime/onnx-runtime.ts")).prepareOnnxRuntime(kind);
  }
}

async function inOnnxRuntime(definition: ModelDefinition, settings: EngineSettings): Promise<LoadedModel> {
  const { onnxRuntime } = await import("../../engines/onnxruntime/onnx-runtime.ts");
  return onnxRuntime(settings).load(definition as Parameters<ReturnType<typeof onnxRuntime>["load"]>[0]); // `engines` says which kinds
}

async function inTensorFlow(definition: ModelDefinition, settings: EngineSettings): Promise<LoadedModel> {
  const { tensorFlow } = await import("../../engines/tensorflow/tensor-flow.ts");
  return tensorFlow(settings).load(definition as Parameters<ReturnType<typeof tensorFlow>["load"]>[0]); // `engines` says which kinds
}

async function inTensorFlowJs(definition: ModelDefinition): Promise<LoadedModel> {
  const { tensorFlowJs } = await import("../../engines/tfjs/tensor-flow-js.ts");
  return tensorFlowJs.load(definition as Parameters<typeof tensorFlowJs.load>[0]); // `engines` says which kinds
}

/** With what comes before the engine, if anything does. */
async function preprocessed(model: LoadedModel, definition: ModelDefinition): Promise<LoadedModel> {
  if (definition.kind !== "keras-layers" || definition.preprocessing === undefined) return model;
  const { preprocessedModel } = await import("../../engines/preprocessing/preprocessed-model.ts");
  return preprocessedModel(model, definition.preprocessing);
}

function noted(model: LoadedModel, notes: readonly string[]): LoadedModel {
  return notes.length === 0 ? model : Object.defineProperty(model, "note", { value: [...new Set(notes)].join("; ") });
}
