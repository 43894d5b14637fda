import { type Signatures, signatureName } from "../../dataplane/signature.ts";
import type { Tensor } from "../../dataplane/tensor.ts";
import type { SavedModelCall, SavedModelFolder } from "../../model/formats/saved-model/saved-model-folder.ts";
import type { Engine, LoadedModel } from "../engine.ts";
import { tensorFlowFaults as faults } from "./faults.ts";
import { type Addon, tensorFlowAddon } from "./installation.ts";
import { given, isExchanged, taken } from "./tensors.ts";

/** Runs SavedModels in TensorFlow, on a GPU where it finds one: the addon of @tensorflow/tfjs-node-gpu. */
export const tensorFlow: Engine<SavedModelFolder> = {
  describe: () => ({ name: "TensorFlow", accepts: ["saved-model"] }),
  load: async (definition) => {
    for (const [name, call] of definition.calls) checkExchange(name, call);
    const addon = tensorFlowAddon();
    return new SessionInMemory(addon, sessionOf(addon, definition.path), definition);
  },
};

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
    throw faults.SavedModelRefused({ reason: thrown instanceof Error ? thrown.message : String(thrown) }, thrown);
  }
}

/** Holds a session of TensorFlow: its graph and its variables. */
class SessionInMemory implements LoadedModel {
  readonly engine: string;
  readonly signatures: Signatures;
  readonly weightBytes: number;
  readonly #addon: Addon;
  readonly #calls: ReadonlyMap<string, SavedModelCall>;
  #session: number | undefined;

  constructor(addon: Addon, session: number, { calls, weightBytes }: SavedModelFolder) {
    this.#addon = addon;
    this.#session = session;
    this.#calls = calls;
    this.engine = `TensorFlow/${addon.isUsingGpuDevice() ? "gpu" : "cpu"}`;
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
