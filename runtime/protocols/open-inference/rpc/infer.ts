import type { Draft } from "../../../base/protobuf/message.ts";
import { infer, signatureOf } from "../../../dataplane/infer.ts";
import type { NamedTensor } from "../../../dataplane/tensor.ts";
import type { Models } from "../../protocol.ts";
import type { RpcCall } from "../../rpc.ts";
import { found, modelReference } from "../models/lookup.ts";
import { shownOutput } from "../response.ts";
import { bytesOf } from "../tensors/binary-data.ts";
import { datatypes } from "../tensors/datatypes.ts";
import { contentsOf, isTyped } from "./contents.ts";
import type { ModelInferRequest, ModelInferResponse } from "./messages.ts";
import { inputTensors, wantedOutputs } from "./request.ts";

/**
 * `ModelInfer`. Who sends raw contents gets raw contents; who sends contents by type gets those, unless an output has a type that
 * only raw contents can hold.
 */
export async function modelInfer(
  models: Models,
  request: ModelInferRequest,
  { signal, deadline }: RpcCall,
): Promise<Draft<ModelInferResponse>> {
  const model = modelReference(request.modelName, request.modelVersion);
  const target = found(models, model);
  const signature = signatureOf(target);
  const inputs = inputTensors(request, signature);
  const wanted = wantedOutputs(request, signature);
  const names = wanted.map(({ name }) => name);
  const answer = await infer(() => target, { model, inputs, outputs: names, deadline, signal });
  const outputs = answer.outputs.map((output, i) => shownOutput(output, wanted[i]?.classes));
  const isRaw = request.rawInputContents.length > 0 || outputs.some(({ tensor }) => !isTyped(tensor.dtype));
  return {
    modelName: target.name,
    modelVersion: String(answer.version),
    id: request.id,
    outputs: outputs.map((output) => outputTensor(output, isRaw)),
    ...(isRaw ? { rawOutputContents: outputs.map(({ tensor }) => bytesOf(tensor)) } : {}),
  };
}

function outputTensor({ name, tensor }: NamedTensor, isRaw: boolean) {
  const { dtype, shape } = tensor;
  return { name, datatype: datatypes[dtype].name, shape, ...(isRaw ? {} : { contents: contentsOf(tensor) }) };
}
