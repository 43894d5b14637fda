import { errorText } from "../../base/fault.ts";
import { type Signatures, type TensorSpec, signatureName } from "../../dataplane/signature.ts";
import { type Dtype, type Tensor, elementCount, tensorArrays } from "../../dataplane/tensor.ts";
import type { SavedModelSignature, SavedModelOnDisk } from "../../model/formats/saved-model/saved-model-on-disk.ts";
import type { Engine, LoadedModel } from "../engine.ts";
import { refusedOperations } from "./allowed-operations.ts";
import { tensorFlowFaults as faults } from "./faults.ts";
import { type Addon, tensorFlowAddon } from "./addon.ts";
import { uploaded, isSupported, downloaded } from "./tensors.ts";

/** Settings of the engine. */
export interface TensorFlowSettings {
  /** A GPU is available and should be used; a model that cannot use it says so in its note. */
  readonly wantsGpu?: boolean;
}

/** Runs SavedModels in TensorFlow through the @tensorflow/tfjs-node-gpu addon, on a GPU if TensorFlow finds one. */
export function tensorFlow({ wantsGpu = false }: TensorFlowSettings = {}): Engine<SavedModelOnDisk> {
  return {
    describe: () => ({ name: "TensorFlow", accepts: ["saved-model"] }),
    load: async (definition) => {
      const operations = refusedOperations(definition.operations);
      if (operations.length > 0) throw faults.OperationsRefused({ operations });
      for (const [name, call] of definition.calls) checkDtypes(name, call);
      const { uninitialisedVariable } = definition;
      if (uninitialisedVariable !== undefined)
        throw faults.SavedModelRefused({ reason: unfilledReason(uninitialisedVariable) });
      const addon = tensorFlowAddon();
      const note = fallbackNote(addon.isUsingGpuDevice(), wantsGpu);
      const model = new SessionInMemory(addon, { session: sessionOf(addon, definition.path), note }, definition);
      probeRun(model, definition);
      return model;
    },
  };
}

function unfilledReason(variable: string): string {
  return `its loader would leave the variable "${variable}" without a value`;
}

/** Loop operations: a model with one may never return. */
const loops: ReadonlySet<string> = new Set(["While", "StatelessWhile", "LoopCond"]);

/** Runs the first signature once on zeros: some errors appear only in a call. Throws `SavedModelRefused`. */
function probeRun(model: SessionInMemory, { calls, operations }: SavedModelOnDisk): void {
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
  const data = new tensorArrays[dtype as Exclude<Dtype, "string">](elementCount(shape)); // signatures with strings are skipped above
  return { dtype, shape, data } as Tensor; // the array that `tensorArrays` has for `dtype`
}

function checkDtypes(signature: string, { signature: { inputs, outputs } }: SavedModelSignature): void {
  for (const [direction, specs] of [["in", inputs] as const, ["out", outputs] as const]) {
    const refused = specs.find(({ dtype }) => !isSupported(dtype, direction));
    if (refused === undefined) continue;
    throw faults.TensorTypeNotExchanged({ signature, tensor: refused.name, dtype: refused.dtype, direction });
  }
}

function sessionOf(addon: Addon, path: string): number {
  try {
    return addon.loadSavedModel(path, "serve");
  } catch (thrown) {
    throw faults.SavedModelRefused({ reason: firstLine(thrown) }, thrown);
  }
}

/** The first sentence of a TensorFlow error. Further lines describe nodes and devices; on a GPU the error count comes first. */
export function firstLine(thrown: unknown): string {
  const text = errorText(thrown);
  const [line = ""] = text.replace(/\d+ root error\(s\) found\.\s*\(0\) [A-Z_]+: /, "").split("\n");
  return line.split(". This could mean")[0] ?? line;
}

/** Why a model does not use the available GPU. TensorFlow reports the reason only in its own log, as a warning. */
export function fallbackNote(isOnGpu: boolean, wantsGpu: boolean): string | undefined {
  if (isOnGpu || !wantsGpu) return undefined;
  return "it does not run on the GPU: TensorFlow has no CUDA, or does not find all of its libraries; TF_CPP_MIN_LOG_LEVEL=0 makes it tell which";
}

interface OpenedSession {
  /** Session id in the addon. */
  readonly session: number;
  readonly note: string | undefined;
}

/** Holds a TensorFlow session: its graph and variables. */
class SessionInMemory implements LoadedModel {
  readonly engine: string;
  readonly note?: string;
  readonly signatures: Signatures;
  readonly weightBytes: number;
  readonly #addon: Addon;
  readonly #calls: ReadonlyMap<string, SavedModelSignature>;
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
      for (const input of inputs) ids.push(uploaded(this.#addon, input));
      const results = this.#addon.runSavedModel(session, ids, call.inputs.join(","), call.outputs.join(","));
      return results.map((result) => downloaded(this.#addon, result));
    } finally {
      for (const id of ids) this.#addon.deleteTensor(id);
    }
  }

  unload(): void {
    if (this.#session !== undefined) this.#addon.deleteSavedModel(this.#session);
    this.#session = undefined;
  }
}
