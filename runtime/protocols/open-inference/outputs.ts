import type { Signature } from "../../dataplane/signature.ts";
import { faults } from "./faults.ts";
import { type Fields, booleanAt, objectsAt, parametersOf, pathIn, sizeAt, stringAt } from "./fields.ts";
import { type Classes, classesOf } from "./tensors/classes.ts";
import { datatypes } from "./tensors/datatypes.ts";

/** An output that a request asks for. */
export interface RequestedOutput {
  readonly name: string;
  /** Return it as binary data instead of JSON. */
  readonly binary: boolean;
  /** Return its largest elements only, as classes. */
  readonly classes?: Classes;
}

/** Output parameters of extensions that this server does not have. */
const extensionParameters: Readonly<Record<string, string>> = { shared_memory_region: "shared memory" };

/** The outputs that a request lists, or all; `binary` is the default for outputs without `binary_data`. */
export function requestedOutputs(request: Fields, signature: Signature, binary: boolean): readonly RequestedOutput[] {
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

/** All outputs of a signature. */
export function allOutputs(signature: Signature, binary: boolean): readonly RequestedOutput[] {
  return signature.outputs.map(({ name }) => ({ name, binary }));
}

function listedOutput(output: Fields, binary: boolean) {
  const name = stringAt(output, "name");
  const parameters = parametersOf(output);
  refuseExtensions(parameters, extensionParameters);
  const classCount = sizeAt(parameters, "classification", "classes") ?? 0;
  return { name, binary: booleanAt(parameters, "binary_data") ?? binary, path: output.path, classCount };
}

/**
 * Throws `ParameterUnsupported` for a parameter of an extension that this server does not have, as ignoring it would change the
 * result.
 */
export function refuseExtensions(parameters: Fields, extensions: Readonly<Record<string, string>>): void {
  for (const [name, extension] of Object.entries(extensions)) {
    if (parameters.values.has(name)) {
      throw faults.ParameterUnsupported({ path: pathIn(parameters.path, name), extension });
    }
  }
}
