import {
  type ModelFacts,
  type ModelState,
  modelStates,
  type SignatureFacts,
  type TensorFacts,
} from "../contract/model-facts.ts";
import { signatureOf } from "../dataplane/infer.ts";
import { signatureName, type Signatures, type TensorSpec } from "../dataplane/signature.ts";
import type { Models } from "../protocols/protocol.ts";
import type { ReadyModel } from "./start-model.ts";
import { signatureText } from "./signature-text.ts";

/** The state of a whole process: of what is on its way the one that is furthest back. */
export function overallState(models: Models): ModelState {
  if (models.isReady()) return "Ready";
  const states = models.names().flatMap((name) => models.versions(name).map(({ state }) => state));
  return modelStates.find((state) => state !== "Ready" && states.includes(state)) ?? "Fetching";
}

/** What is told of one version of a model; of one that is not loaded as much as is known. */
export function versionFacts(
  { name, version, state }: Pick<ModelFacts, "name" | "version" | "state">,
  ready: ReadyModel | undefined,
): ModelFacts {
  const told = ready === undefined ? nothingTold : loadedFacts(ready);
  return { name, version, state, ...told };
}

type LoadedFacts = Omit<ModelFacts, "name" | "version" | "state">;

const nothingTold: LoadedFacts = { format: "", engine: "", digest: "", bytes: 0, signature: "" };

function loadedFacts({ served, format, digest, sizeBytes }: ReadyModel): LoadedFacts {
  const { engine, note } = served.loaded;
  return {
    format,
    engine,
    ...(note === undefined ? {} : { note }),
    digest,
    bytes: sizeBytes,
    signature: signatureText(signatureOf(served)),
    signatures: signatureFacts(served.signatures),
  };
}

function signatureFacts(signatures: Signatures): readonly SignatureFacts[] {
  const meant = signatureName(signatures);
  const all = [...signatures].map(([name, { inputs, outputs }]) => {
    return { name, inputs: inputs.map(tensorFacts), outputs: outputs.map(tensorFacts) };
  });
  return [...all.filter(({ name }) => name === meant), ...all.filter(({ name }) => name !== meant)];
}

function tensorFacts({ name, dtype, shape, anyShape, default: given }: TensorSpec): TensorFacts {
  return {
    name,
    dtype,
    ...(anyShape === true ? {} : { shape }),
    ...(given === undefined ? {} : { isOptional: true }),
  };
}
