import { lowerThreadPriority } from "../base/threads/thread-priority.ts";
import type { ReadArguments } from "./json/offload/body-reader.ts";
import { readTask, runTasks, writeTask } from "./json/offload/tasks.ts";
import { type InferReadArguments, inferDocument } from "./open-inference/request.ts";
import { type InferWriteArguments, inferResponse } from "./open-inference/response.ts";
import { type InferMessageArguments, inferMessage } from "./open-inference/rpc/response.ts";
import { classRows } from "./tensorflow-serving/examples/classification.ts";
import { examplesDocument } from "./tensorflow-serving/examples/examples-document.ts";
import { regressionValues } from "./tensorflow-serving/examples/regression.ts";
import { type PredictReadArguments, predictDocument } from "./tensorflow-serving/request.ts";
import {
  classificationResponse,
  multiInferenceResponse,
  regressionResponse,
} from "./tensorflow-serving/rpc/api-messages.ts";
import {
  type ExamplesMessageArguments,
  type MultiInferenceArguments,
  classificationMessage,
  inferencesMessage,
  regressionMessage,
} from "./tensorflow-serving/rpc/examples/example-responses.ts";
import {
  type ExamplesWriteArguments,
  type PredictWriteArguments,
  classifyBody,
  predictBody,
  regressBody,
} from "./tensorflow-serving/response.ts";

/** Entry of the body thread, which decodes and encodes large request and response bodies. */
lowerThreadPriority();
runTasks({
  "read predict": readTask(({ body, signatures }: PredictReadArguments) => predictDocument(body, signatures)),
  "read infer": readTask(({ body, headerLength, signature }: InferReadArguments) =>
    inferDocument(body, headerLength, signature),
  ),
  "read examples": readTask(({ body }: ReadArguments) => examplesDocument(body)),
  "write predict": writeTask(({ format }: PredictWriteArguments, outputs) => ({ body: predictBody(format, outputs) })),
  "write infer": writeTask((args: InferWriteArguments, outputs) => inferResponse(args, outputs)),
  "write inference": writeTask((args: InferMessageArguments, outputs) => ({ body: inferMessage(args, outputs) })),
  "write classify": writeTask(({ rows }: ExamplesWriteArguments, outputs) => ({
    body: classifyBody(classRows(outputs, rows)),
  })),
  "write regress": writeTask(({ rows }: ExamplesWriteArguments, outputs) => ({
    body: regressBody(regressionValues(outputs, rows)),
  })),
  "write classification": writeTask((args: ExamplesMessageArguments, outputs) => ({
    body: classificationResponse.encode(classificationMessage(args, outputs)),
  })),
  "write regression": writeTask((args: ExamplesMessageArguments, outputs) => ({
    body: regressionResponse.encode(regressionMessage(args, outputs)),
  })),
  "write inferences": writeTask((args: MultiInferenceArguments, outputs) => ({
    body: multiInferenceResponse.encode(inferencesMessage(args, outputs)),
  })),
});
