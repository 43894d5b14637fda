import { answerOrders } from "./json/large/orders.ts";
import type { ReadingOrder } from "./json/large/body-reader.ts";
import { type InferOrder, inferDocument } from "./open-inference/request.ts";
import { examplesDocument } from "./tensorflow-serving/examples/examples-document.ts";
import { type PredictOrder, predictDocument } from "./tensorflow-serving/request.ts";

/** Entry of the thread that reads large bodies. */
answerOrders({
  predict: ({ body, signatures }: PredictOrder) => predictDocument(body, signatures),
  infer: ({ body, headerLength, signature }: InferOrder) => inferDocument(body, headerLength, signature),
  examples: ({ body }: ReadingOrder) => examplesDocument(body),
});
