import type { Draft } from "../../../base/protobuf/message.ts";
import type { InferTarget } from "../../../dataplane/infer.ts";
import { defaultSignature } from "../../../dataplane/signature.ts";
import type { Models } from "../../protocol.ts";
import { found } from "../lookup.ts";
import type { PathModel } from "../routes.ts";
import type { ModelSpec } from "./api-messages.ts";
import { faults } from "./faults.ts";

/** A spec that is there. Throws `ModelSpecMissing`. */
export function givenSpec(spec: ModelSpec | undefined): ModelSpec {
  if (spec === undefined) throw faults.ModelSpecMissing({});
  return spec;
}

/** The model as the REST API names it. */
export function modelOf({ name, version, versionLabel: label }: ModelSpec): PathModel {
  return {
    name,
    ...(version === undefined ? {} : { version: String(version.value) }),
    ...(label === undefined ? {} : { label }),
  };
}

/** The ready model that a spec means. Throws TensorFlow Serving's refusal. */
export function targetOf(models: Models, spec: ModelSpec): InferTarget {
  if (spec.name === "") throw faults.ModelNameEmpty({});
  return found(models, modelOf(spec));
}

/** The signature that a spec names. */
export function signatureNameOf({ signatureName }: ModelSpec): string {
  return signatureName === "" ? defaultSignature : signatureName;
}

/** What answers say: the model with the version that answered. */
export function effectiveSpec({ name, version }: InferTarget, signatureName: string): Draft<ModelSpec> {
  return { name, version: { value: version }, signatureName };
}
