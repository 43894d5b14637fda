import type { SignatureFacts, TensorFacts } from "../../runtime/contract/model-facts.ts";

/**
 * Changes of the candidate's signatures that break clients of the stable revision, one sentence each; empty when it is
 * compatible. The first signature of each list is the default one.
 */
export function signatureChanges(
  candidate: readonly SignatureFacts[],
  stable: readonly SignatureFacts[],
): readonly string[] {
  const [primary, ...others] = stable;
  const [candidatePrimary] = candidate;
  if (primary === undefined || candidatePrimary === undefined) return [];
  return [
    ...signatureDifferences(candidatePrimary, primary),
    ...others.flatMap((other) => {
      const own = candidate.find(({ name }) => name === other.name);
      if (own === undefined) return [`signature ${other.name} is gone`];
      return signatureDifferences(own, other).map((change) => `signature ${other.name}: ${change}`);
    }),
  ];
}

/**
 * Parses a signature from status, such as `a: float32[-1,64] → b: float32[-1,10]`; undefined when it was truncated or has
 * ambiguous names.
 */
export function parsedSignature(text: string): SignatureFacts | undefined {
  const [inputs, outputs, ...more] = text.split(" → ").map(parsedTensors);
  if (inputs === undefined || outputs === undefined || more.length > 0) return undefined;
  return { name: "serving_default", inputs, outputs };
}

function parsedTensors(text: string): readonly TensorFacts[] | undefined {
  if (text === "") return [];
  const tensors = text.split(/(?<=\]), /).map((part) => /^([^:]+): (\w+)\[(…|[-\d,]*)\]$/.exec(part));
  const summary = tensors.map((found) => {
    const [, name, dtype, shape] = found ?? [];
    if (name === undefined || dtype === undefined || shape === undefined) return undefined;
    if (shape === "…") return { name, dtype };
    return { name, dtype, shape: shape === "" ? [] : shape.split(",").map(Number) };
  });
  const known = summary.filter((tensor) => tensor !== undefined);
  return known.length === summary.length ? known : undefined;
}

function signatureDifferences(candidate: SignatureFacts, stable: SignatureFacts): readonly string[] {
  return [...inputChanges(candidate.inputs, stable.inputs), ...outputChanges(candidate.outputs, stable.outputs)];
}

function inputChanges(candidate: readonly TensorFacts[], stable: readonly TensorFacts[]): readonly string[] {
  const added = missingFrom(candidate, stable);
  const changes = stable.flatMap((input) => {
    const own = candidate.find(({ name }) => name === input.name);
    return own === undefined ? [removal("input", input, added)] : narrowings(own, input);
  });
  if (changes.length > 0) return changes;
  const [requestsNeeded] = added.filter(({ isOptional }) => isOptional !== true);
  if (requestsNeeded !== undefined) return [`input ${requestsNeeded.name} is new and must be given`];
  const [first] = added;
  if (first !== undefined && stable.length === 1)
    return [`input ${first.name} is new: requests must name their inputs once there is more than one`];
  return [];
}

function outputChanges(candidate: readonly TensorFacts[], stable: readonly TensorFacts[]): readonly string[] {
  const added = missingFrom(candidate, stable);
  const changes = stable.flatMap((output) => {
    const own = candidate.find(({ name }) => name === output.name);
    if (own === undefined) return [removal("output", output, added)];
    if (own.dtype !== output.dtype) return [`output ${output.name} is ${own.dtype}, was ${output.dtype}`];
    return isShapeKept(own.shape, output.shape)
      ? []
      : [`output ${output.name} has shape ${shown(own.shape)}, had ${shown(output.shape)}`];
  });
  if (changes.length > 0) return changes;
  const [first] = added;
  if (first !== undefined && stable.length === 1)
    return [`output ${first.name} is new: responses name their outputs once there is more than one`];
  return [];
}

function missingFrom(tensors: readonly TensorFacts[], from: readonly TensorFacts[]): readonly TensorFacts[] {
  return tensors.filter(({ name }) => from.every((other) => other.name !== name));
}

function removal(kind: "input" | "output", tensor: TensorFacts, added: readonly TensorFacts[]): string {
  const [only, ...more] = added;
  const isRenamed = only !== undefined && more.length === 0 && only.dtype === tensor.dtype;
  return isRenamed ? `${kind} ${tensor.name} is now called ${only.name}` : `${kind} ${tensor.name} is gone`;
}

/** What the candidate's input no longer accepts. */
function narrowings(candidate: TensorFacts, stable: TensorFacts): readonly string[] {
  const { name } = stable;
  if (candidate.dtype !== stable.dtype) return [`input ${name} is ${candidate.dtype}, was ${stable.dtype}`];
  if (candidate.isOptional !== true && stable.isOptional === true) return [`input ${name} must be given now`];
  if (takesShape(candidate.shape, stable.shape)) return [];
  return [`input ${name} has shape ${shown(candidate.shape)}, had ${shown(stable.shape)}`];
}

/** Whether every tensor that fits the stable shape fits the candidate's. */
function takesShape(candidate: TensorFacts["shape"], stable: TensorFacts["shape"]): boolean {
  if (candidate === undefined) return true;
  if (stable === undefined || stable.length !== candidate.length) return false;
  return candidate.every((size, index) => size === -1 || size === stable[index]);
}

/** Whether clients find the output shape that they expect; unknown shapes and sizes count as compatible. */
function isShapeKept(candidate: TensorFacts["shape"], stable: TensorFacts["shape"]): boolean {
  if (candidate === undefined || stable === undefined) return true;
  if (stable.length !== candidate.length) return false;
  return candidate.every((size, index) => size === -1 || stable[index] === -1 || size === stable[index]);
}

function shown(shape: TensorFacts["shape"]): string {
  return shape === undefined ? "[…]" : `[${shape.join(",")}]`;
}
