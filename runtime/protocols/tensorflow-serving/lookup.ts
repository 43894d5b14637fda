import type { InferTarget } from "../../dataplane/infer.ts";
import type { Models } from "../protocol.ts";
import { faults } from "./faults.ts";
import { type PathModel, referenceOf } from "./routes.ts";

/** The ready model that is meant, or TensorFlow Serving's refusal. */
export function found(models: Models, model: PathModel): InferTarget {
  const { name, version, label } = model;
  if (label !== undefined && !models.hasLabel(name, label)) throw faults.LabelUnknown({ label });
  const target = models.find(referenceOf(model));
  if (target !== undefined) return target;
  throw version === undefined ? faults.ModelUnknown({ name }) : faults.VersionUnknown({ name, version });
}
