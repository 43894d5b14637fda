import type { Models } from "../../protocol.ts";
import { type RpcService, unary } from "../../rpc.ts";
import {
  classificationRequest,
  classificationResponse,
  getModelMetadataRequest,
  getModelMetadataResponse,
  multiInferenceRequest,
  multiInferenceResponse,
  predictRequest,
  predictResponse,
  regressionRequest,
  regressionResponse,
} from "./api-messages.ts";
import { refusal } from "./errors.ts";
import { classify, multiInference, regress } from "./examples/example-calls.ts";
import { fillBudget } from "./fill-budget.ts";
import { modelMetadata } from "./metadata.ts";
import { predict } from "./predict.ts";

/** Room for four tensors of the largest size (`maxFilledBytes`). */
const filledBytes = 256 * 1024 ** 2;

/** TensorFlow Serving's `PredictionService`. */
export function predictionService(models: Models): RpcService {
  const budget = fillBudget(filledBytes);
  return {
    name: "tensorflow.serving.PredictionService",
    protocol: "tensorflow-serving-grpc",
    methods: {
      Predict: unary({ request: predictRequest, response: predictResponse }, (request, call) =>
        predict({ models, budget }, request, call),
      ),
      Classify: unary({ request: classificationRequest, response: classificationResponse }, (request, call) =>
        classify(models, request, call),
      ),
      Regress: unary({ request: regressionRequest, response: regressionResponse }, (request, call) =>
        regress(models, request, call),
      ),
      MultiInference: unary({ request: multiInferenceRequest, response: multiInferenceResponse }, (request, call) =>
        multiInference(models, request, call),
      ),
      GetModelMetadata: unary({ request: getModelMetadataRequest, response: getModelMetadataResponse }, (request) =>
        modelMetadata(models, request),
      ),
    },
    refusal,
  };
}
