import { faultCatalogue } from "../../../base/fault.ts";

/** Why a TensorFlow.js model is refused while it is read. */
export const tensorFlowJsFormatFaults = faultCatalogue<{
  /** The model.json is invalid. */
  ModelJsonInvalid: { model: string; reason: string };
  /** A weight, or a file of weights, is invalid. */
  ModelJsonWeightsRefused: { model: string; reason: string };
}>({
  ModelJsonInvalid: {
    message: ({ model, reason }) => `the model.json of ${model} is not valid: ${reason}`,
    hint: () => "convert the model again with tensorflowjs_converter or save it again with model.save(path)",
    retry: "never",
    level: "error",
  },
  ModelJsonWeightsRefused: {
    message: ({ model, reason }) => `the weights of ${model} are refused: ${reason}`,
    hint: () => "copy all files that model.json names into its folder, or convert the model again",
    retry: "never",
    level: "error",
  },
});
