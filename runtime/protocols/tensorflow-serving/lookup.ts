import type { Fault } from "../../base/fault.ts";
import type { InferTarget, ModelReference } from "../../dataplane/infer.ts";
import { type Models, loadingState } from "../protocol.ts";
import { faults } from "./faults.ts";
import { type PathModel, referenceOf } from "./routes.ts";

/** The ready model that a request names. Throws TensorFlow Serving's error when there is none. */
export function readyModel(models: Models, model: PathModel): InferTarget {
  const { name, label } = model;
  const isKnown = label === undefined || models.hasLabel(name, label);
  const target = isKnown ? models.find(referenceOf(model)) : undefined;
  if (target !== undefined) return target;
  if (!isKnown) throw faults[isLoading(models, { name }) ? "LabelLoading" : "LabelUnknown"]({ label });
  throw notFound(model, isLoading(models, referenceOf(model)));
}

function isLoading(models: Models, reference: ModelReference): boolean {
  return loadingState(models, reference) !== undefined;
}

function notFound({ name, version }: PathModel, isLoading: boolean): Fault {
  if (version !== undefined) return faults[isLoading ? "VersionLoading" : "VersionUnknown"]({ name, version });
  return faults[isLoading ? "ModelLoading" : "ModelUnknown"]({ name });
}
