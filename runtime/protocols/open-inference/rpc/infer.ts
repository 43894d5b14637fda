import { infer, signatureOf } from "../../../dataplane/infer.ts";
import { bodyWriter } from "../../json/large/body-writer.ts";
import type { Models } from "../../protocol.ts";
import type { RpcCall, WrittenMessage } from "../../rpc.ts";
import { found, modelReference } from "../models/lookup.ts";
import type { ModelInferRequest } from "./messages.ts";
import { inputTensors, wantedOutputs } from "./request.ts";
import { type InferMessageOrder, inferMessage, outputsToWrite } from "./response.ts";

const largeAnswers = bodyWriter<InferMessageOrder, { readonly body: WrittenMessage }>("write inference");

/** A call of `ModelInfer`, or one request of a stream. */
export interface InferCall extends RpcCall {
  readonly isStreamed: boolean;
}

/** The answer of `ModelInfer`, or of its stream; large ones are written aside. */
export async function modelInfer(
  models: Models,
  request: ModelInferRequest,
  { signal, deadline, isStreamed }: InferCall,
): Promise<WrittenMessage> {
  const model = modelReference(request.modelName, request.modelVersion);
  const target = found(models, model);
  const signature = signatureOf(target);
  const inputs = inputTensors(request, signature);
  const wanted = wantedOutputs(request, signature);
  const names = wanted.map(({ name }) => name);
  const { outputs, ...answer } = await infer(() => target, { model, inputs, outputs: names, deadline, signal });
  const order = { ...answer, id: request.id, wanted, isRaw: request.rawInputContents.length > 0, isStreamed };
  const aside = largeAnswers.write(order, outputs, outputsToWrite(order, outputs));
  return aside === undefined ? inferMessage(order, outputs) : (await aside).body;
}
