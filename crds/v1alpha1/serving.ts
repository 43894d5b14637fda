import { Type } from "typebox";

import { duration } from "../schema/duration.ts";
import { listAtomic } from "../schema/list.ts";

const batching = Type.Object(
  {
    maxSize: Type.Optional(
      Type.Integer({
        description: "Maximum number of instances in a batch; 1 turns batching off.",
        assumed: 32,
        minimum: 1,
        maximum: 4096,
      }),
    ),
    maxDelay: Type.Optional(
      duration({
        description:
          "How long the first request of a batch waits for others. With 0s a batch is what arrived while the engine was busy.",
        assumed: "0s",
        atLeast: "0s",
        atMost: "10s",
      }),
    ),
  },
  { description: "How requests are combined into batches." },
);

const limits = Type.Object(
  {
    bodyBytes: Type.Optional(
      Type.Integer({
        description: "Maximum size of a request body in bytes; larger ones are answered with 413.",
        assumed: 67_108_864,
        format: "int64",
        minimum: 1024,
        maximum: 2_147_483_648,
      }),
    ),
    queue: Type.Optional(
      Type.Integer({
        description: "Maximum number of requests waiting in one pod; further ones are answered with 503.",
        assumed: 1024,
        minimum: 0,
        maximum: 100_000,
      }),
    ),
    timeout: Type.Optional(
      duration({
        description: "How long a request may take in the pod, including waiting.",
        assumed: "60s",
        atLeast: "1ms",
        atMost: "1h",
      }),
    ),
  },
  { description: "Limits of one pod." },
);

const warmup = Type.Object(
  {
    mode: Type.Optional(
      Type.Enum(["Generated", "None"], {
        description: "Generated runs synthetic requests of every batch size before the pod is ready; None runs none.",
        assumed: "Generated",
      }),
    ),
    requests: Type.Optional(
      listAtomic(Type.String({ description: "Body of a :predict request, as JSON.", minLength: 2, maxLength: 8_192 }), {
        description:
          "Requests that run before the pod is ready; if one fails, the model is rejected. Those in a SavedModel's assets.extra/tf_serving_warmup_requests run as well.",
        maxItems: 8,
      }),
    ),
  },
  { description: "Requests that run before the pod is ready." },
);

const logging = Type.Object(
  {
    level: Type.Optional(
      Type.Enum(["Debug", "Info", "Warn", "Error"], {
        description: "Minimum log level.",
        assumed: "the operator's",
      }),
    ),
    requests: Type.Optional(
      Type.Enum(["None", "Failed", "All"], {
        description: "Which requests are logged; their bodies never are.",
        assumed: "Failed",
      }),
    ),
  },
  { description: "What the pods log." },
);

/** `spec.serving`: how a pod serves the model. */
export const serving = Type.Object(
  {
    engine: Type.Optional(
      Type.Enum(["Auto", "TensorFlowJs", "OnnxRuntime", "TensorFlow"], {
        description: "Engine that runs the model. Auto picks the fastest that supports it.",
        assumed: "Auto",
      }),
    ),
    batching: Type.Optional(batching),
    limits: Type.Optional(limits),
    warmup: Type.Optional(warmup),
    logging: Type.Optional(logging),
  },
  { description: "How a pod serves the model." },
);
