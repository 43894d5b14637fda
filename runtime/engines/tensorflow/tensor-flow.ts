import { type Signatures, type TensorSpec, signatureName } from "../../dataplane/signature.ts";
import { type Dtype, type Tensor, elementCount, tensorArrays } from "../../dataplane/tensor.ts";
import type { SavedModelCall, SavedModelOnDisk } from "../../model/formats/saved-model/saved-model-on-disk.ts";
import type { Engine, LoadedModel } from "../engine.ts";
import { refusedOperations } from "./allowed-operations.ts";
import { tensorFlowFaults as faults } from "./faults.ts";
import { type Addon, tensorFlowAddon } from "./installation.ts";
import { given, isExchanged, taken } from "./tensors.ts";

/** How models are run. */
export interface TensorFlowSettings {
  /** There is a GPU, which TensorFlow takes where it can; the model says so where it cannot. */
  readonly wantsGpu?: boolean;
}

/** Runs SavedModels in TensorFlow, on a GPU where it finds one: the addon of @tensorflow/tfjs-node-gpu. */
export function tensorFlow({ wantsGpu = false }: TensorFlowSettings = {}): Engine<SavedModelOnDisk> {
  return {
    describe: () => ({ name: "TensorFlow", accepts: ["saved-model"] }),
    load: async (definition) => {
      const operations = refusedOperations(definition.operations);
      if (operations.length > 0) throw faults.OperationsRefused({ operations });
      for (const [name, call] of definition.calls) checkExchange(name, call);
      const { unfilledVariable } = definition;
      if (unfilledVariable !== undefined) throw faults.SavedModelRefused({ reason: unfilledReason(unfilledVariable) });
      const addon = tensorFlowAddon();
      const note = fallbackNote(addon.isUsingGpuDevice(), wantsGpu);
      const model = new SessionInMemory(addon, { session: sessionOf(addon, definition.path), note }, definition);
      tryOut(model, definition);
      return model;
    },
  };
}

function unfilledReason(variable: string): string {
  return `its loader would leave the variable "${variable}" without a value`;
}

/** Operations of models whose calls may never end. */
const loops: ReadonlySet<string> = new Set(["While", "StatelessWhile", "LoopCond"]);

/** One call shows what the load does not. Throws `SavedModelRefused`. */
function tryOut(model: SessionInMemory, { calls, operations }: SavedModelOnDisk): void {
  const [first] = calls;
  if (first === undefined || operations.some((name) => loops.has(name))) return;
  const [name, { signature }] = first;
  if (signature.inputs.some(({ dtype, anyShape }) => dtype === "string" || anyShape === true)) return;
  try {
    model.infer(signature.inputs.map(zeros), name);
  } catch (thrown) {
    model.unload();
    throw faults.SavedModelRefused({ reason: firstLine(thrown) }, thrown);
  }
}

function zeros({ dtype, shape: sizes }: TensorSpec): Tensor {
  const shape = sizes.map((size) => (size === -1 ? 1 : size));
  const data = new tensorArrays[dtype as Exclude<Dtype, "string">](elementCount(shape)); // strings are left out above
  return { dtype, shape, data } as Tensor; // the array that `tensorArrays` has for `dtype`
}

function checkExchange(signature: string, { signature: { inputs, outputs } }: SavedModelCall): void {
  const missing =
    inputs.find(({ dtype }) => !isExchanged(dtype, "in")) ?? outputs.find(({ dtype }) => !isExchanged(dtype, "out"));
  if (missing === undefined) return;
  throw faults.TensorTypeNotExchanged({ signature, tensor: missing.name, dtype: missing.dtype });
}

function sessionOf(addon: Addon, path: string): number {
  try {
    return addon.loadSavedModel(path, "serve");
  } catch (thrown) {
    throw faults.SavedModelRefused({ reason: firstLine(thrown) }, thrown);
  }
}

/** TensorFlow goes on about nodes and devices in further lines, and about containers in further sentences. On a GPU it first counts its errors. */
export function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const [line = ""] = text.replace(/\d+ root error\(s\) found\.\s*\(0\) [A-Z_]+: /, "").split("\n");
  return line.split(". This could mean")[0] ?? line;
}

/** Why a model is not on the GPU that is there. TensorFlow itself tells it to nobody but its log, as a warning. */
export function fallbackNote(isOnGpu: boolean, wantsGpu: boolean): string | undefined {
  if (isOnGpu || !wantsGpu) return undefined;
  return "it does not run on the GPU: TensorFlow has no CUDA, or does not find all of its libraries; TF_CPP_MIN_LOG_LEVEL=0 makes it tell which";
}

interface OpenedSession {
  /** Its number in the addon. */
  readonly session: number;
  readonly note: string | undefined;
}

/** Holds a session of TensorFlow: its graph and its variables. */
class SessionInMemory implements LoadedModel {
  readonly engine: string;
  readonly note?: string;
  readonly signatures: Signatures;
  readonly weightBytes: number;
  readonly #addon: Addon;
  readonly #calls: ReadonlyMap<string, SavedModelCall>;
  #session: number | undefined;

  constructor(addon: Addon, { session, note }: OpenedSession, { calls, weightBytes }: SavedModelOnDisk) {
    this.#addon = addon;
    this.#session = session;
    this.#calls = calls;
    this.engine = `TensorFlow/${addon.isUsingGpuDevice() ? "gpu" : "cpu"}`;
    if (note !== undefined) this.note = note;
    this.signatures = new Map([...calls].map(([name, { signature }]) => [name, signature]));
    this.weightBytes = weightBytes;
  }

  infer(inputs: readonly Tensor[], signature?: string): readonly Tensor[] {
    const session = this.#session;
    const call = this.#calls.get(signatureName(this.signatures, signature));
    if (session === undefined) throw new Error("the model has been unloaded");
    if (call === undefined) throw new Error(`the model has no signature ${signature}`);
    const ids: number[] = [];
    try {
      for (const input of inputs) ids.push(given(this.#addon, input));
      const results = this.#addon.runSavedModel(session, ids, call.inputs.join(","), call.outputs.join(","));
      return results.map((result) => taken(this.#addon, result));
    } finally {
      for (const id of ids) this.#addon.deleteTensor(id);
    }
  }

  unload(): void {
    if (this.#session !== undefined) this.#addon.deleteSavedModel(this.#session);
    this.#session = undefined;
  }
}
