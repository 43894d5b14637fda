import { systemClock } from "../../../runtime/base/clock.ts";
import { defaultBatching, serveModel } from "../../../runtime/dataplane/served-model.ts";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";
import { type Signature, soleSignature } from "../../../runtime/dataplane/signature.ts";
import type { Engine, LoadedModel } from "../../../runtime/engines/engine.ts";
import { type ModelRegistry, modelRegistry } from "../../../runtime/model/registry.ts";

/** A model as a formula: what the `models` of the vectors describe. */
export interface Formula {
  readonly signature: Signature;
  readonly outputs: (inputs: readonly Tensor[]) => readonly Tensor[];
}

export interface FormulaModel {
  readonly name: string;
  readonly version: number;
  readonly labels?: readonly string[];
  readonly formula: Formula;
}

/** Runs formulas: an engine like any other, small enough to be read at a glance. */
const formulaEngine: Engine<Formula> = {
  describe: () => ({ name: "Formula", accepts: ["formula"] }),
  load: ({ signature, outputs }): Promise<LoadedModel> =>
    Promise.resolve({
      engine: "Formula",
      signatures: soleSignature(signature),
      weightBytes: 0,
      infer: outputs,
      unload: () => {},
    }),
};

/** A registry that serves these models, all ready. */
export async function formulaRegistry(models: readonly FormulaModel[]): Promise<ModelRegistry> {
  const registry = modelRegistry();
  for (const { name, version, labels, formula } of models) {
    const entry = registry.add(name, version, labels);
    entry.happen("fetched");
    entry.happen("verified");
    const loaded = await formulaEngine.load(formula);
    entry.load(serveModel(loaded, { name, version, batching: defaultBatching, clock: systemClock }));
    entry.happen("warmed");
  }
  return registry;
}
