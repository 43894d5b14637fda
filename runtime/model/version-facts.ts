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

/** The state of the whole process: `Ready`, else the earliest life cycle state of any version. */
export function overallState(models: Models): ModelState {
  if (models.isReady()) return "Ready";
  const states = models.names().flatMap((name) => models.versions(name).map(({ state }) => state));
  return modelStates.find((state) => state !== "Ready" && states.includes(state)) ?? "Fetching";
}

/** The facts reported about one version; only name, version and state while it is not loaded. */
export function versionFacts(
  { name, version, state }: Pick<ModelFacts, "name" | "version" | "state">,
  ready: ReadyModel | undefined,
): ModelFacts {
  const facts = ready === undefined ? unloadedFacts : loadedFacts(ready);
  return { name, version, state, ...facts };
}

type LoadedFacts = Omit<ModelFacts, "name" | "version" | "state">;

const unloadedFacts: LoadedFacts = { format: "", engine: "", digest: "", bytes: 0, signature: "" };

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
  const defaultName = signatureName(signatures);
  const all = [...signatures].map(([name, { inputs, outputs }]) => {
    return { name, inputs: inputs.map(tensorFacts), outputs: outputs.map(tensorFacts) };
  });
  return [...all.filter(({ name }) => name === defaultName), ...all.filter(({ name }) => name !== defaultName)];
}

function tensorFacts({ name, dtype, shape, anyShape, default: defaultValue }: TensorSpec): TensorFacts {
  return {
    name,
    dtype,
    ...(anyShape === true ? {} : { shape }),
    ...(defaultValue === undefined ? {} : { isOptional: true }),
  };
}
