import { faultCatalogue } from "../../base/fault.ts";

/** Why the TensorFlow engine cannot run a model. */
export const tensorFlowFaults = faultCatalogue<{
  /** The engine is not part of this installation. */
  TensorFlowMissing: { folder: string };
  TensorFlowUnloadable: { reason: string };
  /** The model contains operations that do more than compute. */
  OperationsRefused: { operations: readonly string[] };
  /** TensorFlow rejects the model. */
  SavedModelRefused: { reason: string };
  /** The addon cannot exchange tensors of this type. */
  TensorTypeNotExchanged: { signature: string; tensor: string; dtype: string; direction: "in" | "out" };
}>({
  TensorFlowMissing: {
    message: ({ folder }) => `the TensorFlow engine is not in ${folder}`,
    hint: () =>
      "build it with npm run build:tensorflow-engine, use an image that has it, or set spec.serving.engine to Auto",
    retry: "never",
    level: "error",
  },
  TensorFlowUnloadable: {
    message: ({ reason }) => `the TensorFlow engine cannot be loaded: ${reason}`,
    hint: () => "build it again with npm run build:tensorflow-engine, or set spec.serving.engine to Auto",
    retry: "never",
    level: "error",
  },
  OperationsRefused: {
    message: ({ operations }) =>
      `the model has operations that a model to be served must not have: ${operations.join(", ")}`,
    hint: () => "export it again without what reads or writes files, runs other code or trains",
    retry: "never",
    level: "error",
  },
  SavedModelRefused: {
    message: ({ reason }) => `TensorFlow does not load the model: ${reason}`,
    hint: () => "save it with model.export(path) of Keras 3, or set spec.serving.engine to Auto",
    retry: "never",
    level: "error",
  },
  TensorTypeNotExchanged: {
    message: ({ signature, tensor, dtype, direction }) =>
      direction === "in"
        ? `signature ${signature} takes ${tensor} of type ${dtype}; the TensorFlow engine takes float32, int32, int64, uint8, bool and string`
        : `signature ${signature} returns ${tensor} of type ${dtype}; the TensorFlow engine returns float32, int32, int64, bool and string`,
    hint: () => "cast it inside the model, or set spec.serving.engine to Auto",
    retry: "never",
    level: "error",
  },
});
