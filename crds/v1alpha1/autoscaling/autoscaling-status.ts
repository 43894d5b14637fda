import { Type } from "typebox";

const figure = (description: string) => Type.String({ description, maxLength: 32 });

/** `status.autoscaling`: what the autoscaler wants and what it knows of the model. */
export const autoscalingStatus = Type.Object(
  {
    desired: Type.Optional(
      Type.Integer({ description: "Pods that are wanted, of all revisions together.", format: "int32", minimum: 0 }),
    ),
    why: Type.Optional(Type.String({ description: "Why so many, a sentence.", maxLength: 1024 })),
    signal: Type.Optional(
      figure("Offered concurrency: requests per second times seconds that each takes, a decimal number."),
    ),
    serviceTime: Type.Optional(figure("Measured time that a request takes in a pod, a duration as 1.5s.")),
    memory: Type.Optional(
      Type.String({
        description:
          "What the autoscaler has learned of the model, in a form of its own; a new leader goes on from it.",
        maxLength: 8192,
      }),
    ),
    startTime: Type.Optional(figure("Measured time from a pod's creation until it is ready, a duration as 95s.")),
  },
  { description: "What the autoscaler wants, absent without spec.autoscaling." },
);
