import type { Signature } from "../../dataplane/signature.ts";
import { faults } from "./faults.ts";
import { type Fields, flagAt, objectsAt, parametersOf, pathIn, sizeAt, textAt } from "./fields.ts";
import { type Classes, classesOf } from "./tensors/classes.ts";
import { datatypes } from "./tensors/datatypes.ts";

/** An output that an answer shall hold. */
export interface WantedOutput {
  readonly name: string;
  /** As binary data, not as JSON. */
  readonly binary: boolean;
  /** Its largest elements instead of all. */
  readonly classes?: Classes;
}

/** Output parameters of extensions that are not offered. */
const foreignParameters: Readonly<Record<string, string>> = { shared_memory_region: "shared memory" };

/** The outputs that a request lists, or else all; `binary` is what the request wants where an output does not say. */
export function wantedOutputs(request: Fields, signature: Signature, binary: boolean): readonly WantedOutput[] {
  const listed = objectsAt(request, "outputs");
  if (listed.length === 0 && binary) return allOutputs(signature, true);
  const outputs =
    listed.length === 0
      ? signature.outputs.map((spec) => ({ name: spec.name, binary, path: "outputs", classCount: 0 }))
      : listed.map((output) => listedOutput(output, binary));
  const known = signature.outputs.map(({ name }) => name);
  const seen = new Set<string>();
  return outputs.map(({ name, path, binary: isBinary, classCount }) => {
    const spec = signature.outputs.find((output) => output.name === name);
    if (spec === undefined) throw faults.OutputNotServed({ path, name, known });
    if (seen.has(name)) throw faults.OutputRepeated({ path, name });
    seen.add(name);
    const classes = classesOf(classCount, `${path}.parameters.classification`, signature, spec);
    if (classes !== undefined) return { name, binary: isBinary, classes };
    const datatype = datatypes[spec.dtype];
    if (!isBinary && !datatype.inJson) throw faults.OutputNotInJson({ name, datatype: datatype.name });
    return { name, binary: isBinary };
  });
}

/** Every output of a model. */
export function allOutputs(signature: Signature, binary: boolean): readonly WantedOutput[] {
  return signature.outputs.map(({ name }) => ({ name, binary }));
}

function listedOutput(output: Fields, binary: boolean) {
  const name = textAt(output, "name");
  const parameters = parametersOf(output);
  refuseForeign(parameters, foreignParameters);
  const classCount = sizeAt(parameters, "classification", "classes") ?? 0;
  return { name, binary: flagAt(parameters, "binary_data") ?? binary, path: output.path, classCount };
}

/** Throws when a parameter wants an extension that would change the meaning of the request. */
export function refuseForeign(parameters: Fields, foreign: Readonly<Record<string, string>>): void {
  for (const [name, extension] of Object.entries(foreign)) {
    if (parameters.values.has(name)) {
      throw faults.ParameterUnsupported({ path: pathIn(parameters.path, name), extension });
    }
  }
}
