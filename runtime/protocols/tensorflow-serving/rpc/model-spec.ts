import type { Draft } from "../../../base/protobuf/message.ts";
import type { InferTarget } from "../../../dataplane/infer.ts";
import { defaultSignature } from "../../../dataplane/signature.ts";
import type { Models } from "../../protocol.ts";
import { readyModel } from "../lookup.ts";
import type { PathModel } from "../routes.ts";
import type { ModelSpec } from "./api-messages.ts";
import { faults } from "./faults.ts";

/** The spec of a request. Throws `ModelSpecMissing`. */
export function requiredSpec(spec: ModelSpec | undefined): ModelSpec {
  if (spec === undefined) throw faults.ModelSpecMissing({});
  return spec;
}

/** A spec as a model of the REST API's paths. */
export function pathModelOf({ name, version, versionLabel: label }: ModelSpec): PathModel {
  return {
    name,
    ...(version === undefined ? {} : { version: String(version.value) }),
    ...(label === undefined ? {} : { label }),
  };
}

/** The ready model that a spec names. Throws TensorFlow Serving's error when there is none. */
export function readyTarget(models: Models, spec: ModelSpec): InferTarget {
  if (spec.name === "") throw faults.ModelNameEmpty({});
  return readyModel(models, pathModelOf(spec));
}

/** The signature that a spec names, or the default one. */
export function signatureNameOf({ signatureName }: ModelSpec): string {
  return signatureName === "" ? defaultSignature : signatureName;
}

/** The spec of a response: the model with the version that answered. */
export function effectiveSpec({ name, version }: InferTarget, signatureName: string): Draft<ModelSpec> {
  return { name, version: { value: version }, signatureName };
}
