import { faultCatalogue } from "../../../base/fault.ts";

/** A layer that is not supported, and why unless its class as a whole is not. */
export interface RefusedLayer {
  readonly name: string;
  readonly className: string;
  readonly reason?: string;
}

/** Why a Keras file is refused. Every message names the layer, weight or entry at fault. */
export const kerasFaults = faultCatalogue<{
  /** Not HDF5, truncated, or structurally damaged. */
  KerasFileDamaged: { file: string; reason: string };
  /** The zip archive breaks a rule or a limit. */
  KerasArchiveRefused: { file: string; reason: string };
  /** The file holds weights without a model. */
  KerasConfigMissing: { file: string };
  KerasConfigInvalid: { file: string; reason: string };
  /** Lambda layers hold Python bytecode, which is never run. */
  LambdaLayer: { names: readonly string[] };
  UnsupportedLayer: { layers: readonly RefusedLayer[] };
  SubclassedModel: { className: string };
  /** A model that was saved before its input shape was known. */
  ModelNotBuilt: { name: string };
  WeightRefused: { weight: string; reason: string };
}>({
  KerasFileDamaged: {
    message: ({ file, reason }) => `${file} cannot be read as HDF5: ${reason}`,
    hint: () => "the file is damaged or not a Keras file; copy it again or save it again with model.save(path)",
    retry: "never",
    level: "error",
  },
  KerasArchiveRefused: {
    message: ({ file, reason }) => `the archive ${file} is refused: ${reason}`,
    hint: () => "save it again with model.save(path)",
    retry: "never",
    level: "error",
  },
  KerasConfigMissing: {
    message: ({ file }) => `${file} holds weights but no model: it has no model_config`,
    hint: () => "save the whole model with model.save(path), not its weights only",
    retry: "never",
    level: "error",
  },
  KerasConfigInvalid: {
    message: ({ file, reason }) => `the model description in ${file} is not valid: ${reason}`,
    hint: () => "save it again with model.save(path)",
    retry: "never",
    level: "error",
  },
  LambdaLayer: {
    message: ({ names }) =>
      names.length === 1
        ? `layer "${names[0]}" is a Lambda layer: it holds Python code, which is never run`
        : `layers ${names.map((name) => `"${name}"`).join(", ")} are Lambda layers: they hold Python code, which is never run`,
    hint: () => "replace it by built-in layers, or export with model.export(path) and serve the SavedModel",
    retry: "never",
    level: "error",
  },
  UnsupportedLayer: {
    message: ({ layers }) => `the model uses what no engine here can run: ${layers.map(describedLayer).join("; ")}`,
    hint: () => "export it with model.export(path) and serve the SavedModel",
    retry: "never",
    level: "error",
  },
  SubclassedModel: {
    message: ({ className }) => `the model is of the Python class ${className}: its call() is not in the file`,
    hint: () => "export it with model.export(path) and serve the SavedModel",
    retry: "never",
    level: "error",
  },
  ModelNotBuilt: {
    message: ({ name }) => `model "${name}" has no input shape: it was saved before it was built`,
    hint: () => "call the model on data or add an Input layer, then save it again",
    retry: "never",
    level: "error",
  },
  WeightRefused: {
    message: ({ weight, reason }) => `weight ${weight} is refused: ${reason}`,
    hint: () => "save the model again with model.save(path)",
    retry: "never",
    level: "error",
  },
});

/** A layer's description in messages. */
export function describedLayer({ name, className, reason }: RefusedLayer): string {
  return `layer "${name}" (${className})${reason === undefined ? "" : `: ${reason}`}`;
}
