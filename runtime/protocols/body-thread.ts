import { lowerThreadPriority } from "../base/threads/thread-priority.ts";
import { answerOrders, reading, writing } from "./json/large/orders.ts";
import type { ReadingOrder } from "./json/large/body-reader.ts";
import { type InferOrder, inferDocument } from "./open-inference/request.ts";
import { type InferAnswerOrder, inferAnswer } from "./open-inference/response.ts";
import { type InferMessageOrder, inferMessage } from "./open-inference/rpc/response.ts";
import { classRows } from "./tensorflow-serving/examples/classification.ts";
import { examplesDocument } from "./tensorflow-serving/examples/examples-document.ts";
import { regressionValues } from "./tensorflow-serving/examples/regression.ts";
import { type PredictOrder, predictDocument } from "./tensorflow-serving/request.ts";
import {
  classificationResponse,
  multiInferenceResponse,
  regressionResponse,
} from "./tensorflow-serving/rpc/api-messages.ts";
import {
  type ExampleMessageOrder,
  type InferencesOrder,
  classificationMessage,
  inferencesMessage,
  regressionMessage,
} from "./tensorflow-serving/rpc/examples/example-answers.ts";
import {
  type ExampleAnswerOrder,
  type PredictAnswerOrder,
  classifyBody,
  predictBody,
  regressBody,
} from "./tensorflow-serving/response.ts";

/** Entry of the thread that reads and writes large bodies. */
lowerThreadPriority();
answerOrders({
  "read predict": reading(({ body, signatures }: PredictOrder) => predictDocument(body, signatures)),
  "read infer": reading(({ body, headerLength, signature }: InferOrder) =>
    inferDocument(body, headerLength, signature),
  ),
  "read examples": reading(({ body }: ReadingOrder) => examplesDocument(body)),
  "write predict": writing(({ format }: PredictAnswerOrder, outputs) => ({ body: predictBody(format, outputs) })),
  "write infer": writing((order: InferAnswerOrder, outputs) => inferAnswer(order, outputs)),
  "write inference": writing((order: InferMessageOrder, outputs) => ({ body: inferMessage(order, outputs) })),
  "write classify": writing(({ rows }: ExampleAnswerOrder, outputs) => ({
    body: classifyBody(classRows(outputs, rows)),
  })),
  "write regress": writing(({ rows }: ExampleAnswerOrder, outputs) => ({
    body: regressBody(regressionValues(outputs, rows)),
  })),
  "write classification": writing((order: ExampleMessageOrder, outputs) => ({
    body: classificationResponse.encode(classificationMessage(order, outputs)),
  })),
  "write regression": writing((order: ExampleMessageOrder, outputs) => ({
    body: regressionResponse.encode(regressionMessage(order, outputs)),
  })),
  "write inferences": writing((order: InferencesOrder, outputs) => ({
    body: multiInferenceResponse.encode(inferencesMessage(order, outputs)),
  })),
});
