import type { Signature } from "../../dataplane/signature.ts";
import { faults } from "./faults.ts";
import { type Fields, flagAt, objectsAt, parametersOf, pathIn, textAt } from "./fields.ts";
import { datatypes } from "./tensors/datatypes.ts";

/** An output that an answer shall hold. */
export interface WantedOutput {
  readonly name: string;
  /** As binary data, not as JSON. */
  readonly binary: boolean;
}

/** Output parameters of extensions that are not offered. */
const foreignParameters: Readonly<Record<string, string>> = {
  classification: "classification",
  shared_memory_region: "shared memory",
};

/** The outputs that a request lists, or else all; `binary` is what the request wants where an output does not say. */
export function wantedOutputs(request: Fields, signature: Signature, binary: boolean): readonly WantedOutput[] {
  const listed = objectsAt(request, "outputs");
  if (listed.length === 0 && binary) return allOutputs(signature, true);
  const wanted =
    listed.length === 0 ? allOutputs(signature, binary) : listed.map((output) => wantedOutput(output, binary));
  const known = signature.outputs.map(({ name }) => name);
  const seen = new Set<string>();
  for (const [i, { name, binary: isBinary }] of wanted.entries()) {
    const path = listed[i]?.path ?? "outputs";
    const spec = signature.outputs.find((output) => output.name === name);
    if (spec === undefined) throw faults.OutputNotServed({ path, name, known });
    if (seen.has(name)) throw faults.OutputRepeated({ path, name });
    seen.add(name);
    const datatype = datatypes[spec.dtype];
    if (!isBinary && !datatype.inJson) throw faults.OutputNotInJson({ name, datatype: datatype.name });
  }
  return wanted;
}

/** Every output of a model. */
export function allOutputs(signature: Signature, binary: boolean): readonly WantedOutput[] {
  return signature.outputs.map(({ name }) => ({ name, binary }));
}

function wantedOutput(output: Fields, binary: boolean): WantedOutput {
  const name = textAt(output, "name");
  const parameters = parametersOf(output);
  refuseForeign(parameters, foreignParameters);
  return { name, binary: flagAt(parameters, "binary_data") ?? binary };
}

/** Throws when a parameter wants an extension that would change the meaning of the request. */
export function refuseForeign(parameters: Fields, foreign: Readonly<Record<string, string>>): void {
  for (const [name, extension] of Object.entries(foreign)) {
    if (parameters.values.has(name)) {
      throw faults.ParameterUnsupported({ path: pathIn(parameters.path, name), extension });
    }
  }
}
