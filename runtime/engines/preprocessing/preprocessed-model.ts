import { defaultSignature, type Signature, soleSignature, type TensorSpec } from "../../dataplane/signature.ts";
import type { Tensor } from "../../dataplane/tensor.ts";
import type { Preprocessing, PreprocessingStep } from "../../model/formats/keras/preprocessing/preprocessing.ts";
import type { LoadedModel } from "../engine.ts";
import { type Indexes, preparedStep } from "./step-run.ts";

/** The model with what comes before it, which runs in JavaScript: as clients know it. */
export function preprocessedModel(model: LoadedModel, preprocessing: Preprocessing): LoadedModel {
  const { inputs, steps, feeds } = preprocessing;
  const runs = steps.map(preparedStep);
  const wanted = model.signatures.get(defaultSignature)?.inputs ?? [];
  const outputs = model.signatures.get(defaultSignature)?.outputs ?? [];
  const signature: Signature = { inputs, outputs, ...(steps.some(fillsToLongest) ? { mixesRows: true } : {}) };
  const { engine, note, isUninterruptible, weightBytes } = model;
  return {
    engine,
    ...(note === undefined ? {} : { note }),
    ...(isUninterruptible === undefined ? {} : { isUninterruptible }),
    weightBytes,
    signatures: soleSignature(signature),
    infer: (given) => {
      const values: (Tensor | Indexes)[] = given.slice(0, inputs.length);
      for (const [i, run] of runs.entries()) {
        values.push(run((steps[i]?.takes ?? []).flatMap((number) => values[number] ?? [])));
      }
      return model.infer(wanted.map((spec, i) => fed(values[feeds[i] ?? 0], spec)));
    },
    unload: () => model.unload(),
  };
}

/** Rows of other requests would change what is behind the last word. */
function fillsToLongest({ made, encoding }: PreprocessingStep): boolean {
  return made.kind === "text" && made.split !== "none" && made.length === undefined && encoding.mode === "int";
}

function fed(value: Tensor | Indexes | undefined, { dtype }: TensorSpec): Tensor {
  if (value === undefined) throw new TypeError("a value is missing");
  if ("dtype" in value) return value;
  const { shape, numbers } = value;
  return dtype === "float32"
    ? { dtype, shape, data: Float32Array.from(numbers) }
    : { dtype: "int32", shape, data: Int32Array.from(numbers) };
}
