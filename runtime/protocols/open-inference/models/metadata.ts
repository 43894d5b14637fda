import type { TensorSpec } from "../../../dataplane/signature.ts";
import { type InferTarget, signatureOf } from "../../../dataplane/infer.ts";
import type { Models } from "../../protocol.ts";
import { datatypes } from "../tensors/datatypes.ts";

/** What a server calls itself. */
export interface ServerIdentity {
  readonly name: string;
  readonly version: string;
  /** Rows of several requests that run together at most, for the configurations of models. */
  readonly maxBatchSize?: number;
}

const extensions = ["classification", "binary_tensor_data", "model_repository", "model_configuration", "statistics"];

/** The body of `GET /v2`. */
export function serverMetadata({ name, version }: ServerIdentity) {
  return { name, version, extensions };
}

/** The body of `GET /v2/models/<model>`; `platform` is the name of the server, which chooses the engine by itself. */
export function modelMetadata(models: Models, target: InferTarget, platform: string) {
  const { name } = target;
  const signature = signatureOf(target);
  const ready = models.versions(name).filter(({ state }) => state === "Ready" || state === "Draining");
  return {
    name,
    versions: ready.map(({ version }) => String(version)),
    platform,
    inputs: signature.inputs.map(tensorMetadata),
    outputs: signature.outputs.map(tensorMetadata),
  };
}

function tensorMetadata({ name, dtype, shape }: TensorSpec) {
  return { name, datatype: datatypes[dtype].name, shape };
}
