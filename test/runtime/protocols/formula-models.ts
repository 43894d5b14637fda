import { systemClock } from "../../../runtime/base/clock.ts";
import { defaultBatching, serveModel } from "../../../runtime/dataplane/served-model.ts";
import type { Tensor } from "../../../runtime/dataplane/tensor.ts";
import {
  type Signature,
  type Signatures,
  defaultSignature,
  signatureName,
} from "../../../runtime/dataplane/signature.ts";
import type { Engine, LoadedModel } from "../../../runtime/engines/engine.ts";
import { type ModelRegistry, modelRegistry } from "../../../runtime/model/registry.ts";

/** A model defined by a formula, as the `models` of the vectors are. */
export interface Formula {
  readonly signature: Signature;
  readonly outputs: (inputs: readonly Tensor[]) => readonly Tensor[];
  /** Further signatures by name. */
  readonly others?: Readonly<Record<string, Omit<Formula, "others">>>;
}

export interface FormulaModel {
  readonly name: string;
  readonly version: number;
  readonly labels?: readonly string[];
  readonly formula: Formula;
}

/** An engine that evaluates formulas. */
const formulaEngine: Engine<Formula> = {
  describe: () => ({ name: "Formula", accepts: ["formula"] }),
  load: (formula): Promise<LoadedModel> => {
    const formulas = new Map(Object.entries({ [defaultSignature]: formula, ...formula.others }));
    const signatures: Signatures = new Map([...formulas].map(([name, { signature }]) => [name, signature]));
    return Promise.resolve({
      engine: "Formula",
      signatures,
      weightBytes: 0,
      infer: (inputs, name) => formulas.get(signatureName(signatures, name))?.outputs(inputs) ?? [],
      unload: () => {},
    });
  },
};

/** A registry that serves these models, all ready. */
export async function formulaRegistry(models: readonly FormulaModel[]): Promise<ModelRegistry> {
  const registry = modelRegistry();
  for (const { name, version, labels, formula } of models) {
    const entry = registry.add(name, version, labels);
    entry.advance("fetched");
    entry.advance("verified");
    const loaded = await formulaEngine.load(formula);
    entry.load(serveModel(loaded, { name, version, batching: defaultBatching, clock: systemClock }));
    entry.advance("warmed");
  }
  return registry;
}
