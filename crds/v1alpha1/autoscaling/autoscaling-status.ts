import { Type } from "typebox";

const figure = (description: string) => Type.String({ description, maxLength: 32 });

/** `status.autoscaling`: what the autoscaler wants and what it has learned about the model. */
export const autoscalingStatus = Type.Object(
  {
    desired: Type.Optional(
      Type.Integer({ description: "Number of pods wanted, all revisions together.", format: "int32", minimum: 0 }),
    ),
    why: Type.Optional(Type.String({ description: "Why this many, in a sentence.", maxLength: 1024 })),
    signal: Type.Optional(
      figure("Offered concurrency: requests per second times seconds per request, a decimal number."),
    ),
    serviceTime: Type.Optional(figure("Measured time that a request takes in a pod, a duration such as 1.5s.")),
    memory: Type.Optional(
      Type.String({
        description:
          "What the autoscaler has learned about the model, in an internal format; a new leader continues from it.",
        maxLength: 8192,
      }),
    ),
    startTime: Type.Optional(figure("Measured time from a pod's creation until it is ready, a duration such as 95s.")),
  },
  { description: "What the autoscaler wants. Absent without spec.autoscaling." },
);
