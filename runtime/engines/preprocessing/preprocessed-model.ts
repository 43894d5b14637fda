import { defaultSignature, type Signature, soleSignature, type TensorSpec } from "../../dataplane/signature.ts";
import type { Tensor } from "../../dataplane/tensor.ts";
import type { Preprocessing, PreprocessingStep } from "../../model/formats/keras/preprocessing/preprocessing.ts";
import type { LoadedModel } from "../engine.ts";
import { type StepOutput, compiledStep } from "./preprocessing-step.ts";

/**
 * Wraps a model so that its preprocessing steps run in JavaScript before the engine; the signature is that of the whole
 * model.
 */
export function preprocessedModel(model: LoadedModel, preprocessing: Preprocessing): LoadedModel {
  const { inputs, steps, feeds } = preprocessing;
  const compiled = steps.map(compiledStep);
  const wanted = model.signatures.get(defaultSignature)?.inputs ?? [];
  const outputs = model.signatures.get(defaultSignature)?.outputs ?? [];
  const signature: Signature = { inputs, outputs, ...(steps.some(padsToLongest) ? { mixesRows: true } : {}) };
  const { engine, note, isUninterruptible, weightBytes } = model;
  return {
    engine,
    ...(note === undefined ? {} : { note }),
    ...(isUninterruptible === undefined ? {} : { isUninterruptible }),
    weightBytes,
    signatures: soleSignature(signature),
    infer: (given) => {
      const values: (Tensor | StepOutput)[] = given.slice(0, inputs.length);
      for (const [i, step] of compiled.entries()) {
        values.push(step((steps[i]?.inputs ?? []).flatMap((number) => values[number] ?? [])));
      }
      return model.infer(wanted.map((spec, i) => engineInput(values[feeds[i] ?? 0], spec)));
    },
    unload: () => model.unload(),
  };
}

/** Whether the step pads to the longest row of the batch: rows of other requests would change the padding. */
function padsToLongest({ indexer, encoding }: PreprocessingStep): boolean {
  return indexer.kind === "text" && indexer.split !== "none" && indexer.length === undefined && encoding.mode === "int";
}

function engineInput(value: Tensor | StepOutput | undefined, { dtype }: TensorSpec): Tensor {
  if (value === undefined) throw new TypeError("a value is missing");
  if ("dtype" in value) return value;
  const { shape, numbers } = value;
  return dtype === "float32"
    ? { dtype, shape, data: Float32Array.from(numbers) }
    : { dtype: "int32", shape, data: Int32Array.from(numbers) };
}
