import { faultCatalogue } from "../../base/fault.ts";
import { describedLayer, type RefusedLayer } from "../../model/formats/keras/faults.ts";

/** Why TensorFlow.js cannot load or run a model. */
export const tensorFlowJsFaults = faultCatalogue<{
  /** Layers that only other engines support. */
  LayersNotInTensorFlowJs: { layers: readonly RefusedLayer[] };
  /** tfjs-layers rejects the model description. */
  ModelNotBuildable: { reason: string };
  /** The weights or activations exceed what the file holds or memory allows. */
  ModelTooLargeToRun: { what: string; elements: number; limit: number };
  WeightCountMismatch: { layer: string; expected: number; found: number };
  WeightShapeMismatch: { weight: string; layer: string; shape: readonly number[]; expected: readonly number[] };
  LayerMissing: { layer: string };
  WeightsMissing: { layers: readonly string[] };
  /** A graph contains unsupported operations. */
  OperationsUnsupported: { operations: readonly { readonly operation: string; readonly node: string }[] };
  /** A graph constant has an unsupported type or value. */
  ConstantUnsupported: { constant: string; reason: string };
  /** Same code as the data plane's: the request is invalid, not the engine. */
  ValuesRefused: { reason: string };
}>({
  LayersNotInTensorFlowJs: {
    message: ({ layers }) => `TensorFlow.js does not run ${layers.map(describedLayer).join("; ")}`,
    hint: () =>
      "set spec.serving.engine to Auto or OnnxRuntime, or export it with model.export(path) and serve the SavedModel",
    retry: "never",
    level: "error",
  },
  ModelNotBuildable: {
    message: ({ reason }) => `the model cannot be built: ${reason}`,
    hint: () => "check that the file loads in Keras, and save it again with model.save(path)",
    retry: "never",
    level: "error",
  },
  ModelTooLargeToRun: {
    message: ({ what, elements, limit }) => `${what} would take ${elements} elements; must be at most ${limit}`,
    hint: () => "check the sizes in the model's layers",
    retry: "never",
    level: "error",
  },
  WeightCountMismatch: {
    message: ({ layer, expected, found }) => `layer "${layer}" needs ${expected} weights; the file has ${found}`,
    hint: () => "save the model again with model.save(path)",
    retry: "never",
    level: "error",
  },
  WeightShapeMismatch: {
    message: ({ weight, layer, shape, expected }) =>
      `weight ${weight} of layer "${layer}" has shape [${shape.join(",")}]; must be [${expected.join(",")}]`,
    hint: () => "save the model again with model.save(path)",
    retry: "never",
    level: "error",
  },
  LayerMissing: {
    message: ({ layer }) => `the file has weights for layer "${layer}", which the model does not have`,
    hint: () => "save the model again with model.save(path)",
    retry: "never",
    level: "error",
  },
  WeightsMissing: {
    message: ({ layers }) => `the file has no weights for ${layers.map((layer) => `layer "${layer}"`).join(", ")}`,
    hint: () => "save the whole model with model.save(path)",
    retry: "never",
    level: "error",
  },
  OperationsUnsupported: {
    message: ({ operations }) =>
      `the graph uses what no engine here can run: ${operations.map(({ operation, node }) => `${operation} (node "${node}")`).join(", ")}`,
    hint: () =>
      "export the model without it: look-ups, files and Python belong in front of the model; a Keras model can be served from its .keras file",
    retry: "never",
    level: "error",
  },
  ConstantUnsupported: {
    message: ({ constant, reason }) => `the constant "${constant}" cannot be used: ${reason}`,
    hint: () => "export the model with numbers of 32 bits",
    retry: "never",
    level: "error",
  },
  ValuesRefused: { message: ({ reason }) => reason, retry: "never", level: "info" },
});
