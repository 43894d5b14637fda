import { Type, type Static } from "typebox";

import { duration } from "../../schema/duration.ts";
import { listMap } from "../../schema/list.ts";
import { rule } from "../../schema/rule.ts";
import { schedule } from "./schedule.ts";

interface Bounds {
  readonly min?: number;
  readonly max: number;
  readonly schedules?: readonly { readonly min: number }[];
}

/** `spec.autoscaling`: how the number of pods follows the load. */
export const autoscaling = Type.Object(
  {
    min: Type.Optional(
      Type.Integer({
        description: "Minimum number of pods. With 0 the gateway holds the first request until a pod is ready.",
        format: "int32",
        assumed: 1,
        minimum: 0,
        maximum: 10_000,
      }),
    ),
    max: Type.Integer({ description: "Maximum number of pods.", format: "int32", minimum: 1, maximum: 10_000 }),
    class: Type.Optional(
      Type.Enum(["Economy", "Balanced", "Strict"], {
        description:
          "What avoiding a late request may cost, in seconds of one pod: Economy 2, Balanced 20, Strict 100. Strict keeps more pods ready.",
        assumed: "Balanced",
      }),
    ),
    concurrencyPerReplica: Type.Optional(
      Type.Integer({
        description: "Requests that one pod serves concurrently; further ones wait.",
        format: "int32",
        assumed: "learned from measured throughput at latencyObjective",
        minimum: 1,
        maximum: 10_000,
      }),
    ),
    latencyObjective: Type.Optional(
      duration({
        description:
          "How much longer than alone in a pod a request may take before it counts as late: by waiting and, if concurrencyPerReplica is learned, by the slowdown from concurrent requests.",
        assumed: "2s",
        atLeast: "1ms",
        atMost: "10m",
      }),
    ),
    scaleDownDelay: Type.Optional(
      duration({
        description: "Minimum time a pod stays after it was last needed.",
        assumed: "learned from how soon pods were needed again",
        atLeast: "0s",
        atMost: "24h",
      }),
    ),
    schedules: Type.Optional(
      listMap(schedule, ["name"], {
        description: "Time windows with more pods than min. If several are open, the largest min applies.",
        maxItems: 16,
      }),
    ),
  },
  {
    description:
      "How the number of pods follows the load. When set, spec.replicas and whatever writes it (kubectl scale, HPA, KEDA) have no effect.",
    rules: [
      rule<Bounds>({
        cel: "!has(self.min) || self.min <= self.max",
        message: "min must not be above max",
        fieldPath: ".min",
        holds: ({ min, max }) => min === undefined || min <= max,
      }),
      rule<Bounds>({
        cel: "!has(self.schedules) || self.schedules.all(window, window.min <= self.max)",
        message: "min of a schedule must not be above max",
        fieldPath: ".schedules",
        holds: ({ schedules = [], max }) => schedules.every(({ min }) => min <= max),
      }),
    ],
  },
);

/** `spec.autoscaling`. */
export type AutoscalingSpec = Static<typeof autoscaling>;
