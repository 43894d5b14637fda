import { Type } from "typebox";

import { listAtomic } from "../schema/list.ts";
import { rule } from "../schema/rule.ts";
import { text } from "../schema/text.ts";
import { labelKey, labelValue, objectName } from "./names.ts";

const toleration = Type.Object(
  {
    key: Type.Optional(text({ description: "Key of the taint. Absent with Exists: every taint.", ...labelKey })),
    operator: Type.Optional(
      Type.Enum(["Equal", "Exists"], { description: "Equal compares value, Exists matches any.", assumed: "Equal" }),
    ),
    value: Type.Optional(text({ description: "Value of the taint, with Equal.", ...labelValue })),
    effect: Type.Optional(
      Type.Enum(["NoSchedule", "PreferNoSchedule", "NoExecute"], {
        description: "Effect of the taint. Absent: every effect.",
      }),
    ),
    tolerationSeconds: Type.Optional(
      Type.Integer({
        description: "How long a NoExecute taint is tolerated. Absent: for ever.",
        format: "int64",
        minimum: 0,
        maximum: 31_536_000,
      }),
    ),
  },
  {
    description: "A taint that pods tolerate.",
    rules: [
      rule<{ readonly operator?: string; readonly value?: string }>({
        cel: "!has(self.operator) || self.operator != 'Exists' || !has(self.value)",
        message: "value must not be set when operator is Exists",
        holds: (self) => self.operator !== "Exists" || self.value === undefined,
      }),
      rule<{ readonly operator?: string; readonly key?: string }>({
        cel: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
        message: "operator must be Exists when key is not set",
        holds: (self) => self.key !== undefined || self.operator === "Exists",
      }),
      rule<{ readonly effect?: string; readonly tolerationSeconds?: number }>({
        cel: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
        message: "effect must be NoExecute when tolerationSeconds is set",
        holds: (self) => self.tolerationSeconds === undefined || self.effect === "NoExecute",
      }),
    ],
  },
);

const spread = Type.Object(
  {
    topologyKey: text({
      description: "Node label whose values are the domains, such as topology.kubernetes.io/zone.",
      ...labelKey,
    }),
    maxSkew: Type.Optional(
      Type.Integer({
        description: "Largest difference in pods between two domains.",
        assumed: 1,
        minimum: 1,
        maximum: 1000,
      }),
    ),
    whenUnsatisfiable: Type.Optional(
      Type.Enum(["DoNotSchedule", "ScheduleAnyway"], {
        description: "What happens to a pod that would break maxSkew.",
        assumed: "ScheduleAnyway",
      }),
    ),
  },
  { description: "A topology spread constraint; it counts the pods of the same revision." },
);

/** `spec.scheduling`: which nodes the pods may go to. */
export const scheduling = Type.Object(
  {
    nodeSelector: Type.Optional(
      Type.Record(Type.String(), text({ description: "Value of the node label.", ...labelValue }), {
        description: "Labels that a node must have.",
        maxProperties: 32,
      }),
    ),
    tolerations: Type.Optional(listAtomic(toleration, { description: "Taints the pods tolerate.", maxItems: 32 })),
    priorityClassName: Type.Optional(text({ description: "Name of a PriorityClass.", ...objectName })),
    runtimeClassName: Type.Optional(text({ description: "Name of a RuntimeClass, such as nvidia.", ...objectName })),
    schedulerName: Type.Optional(
      text({ description: "Scheduler that places the pods.", assumed: "default-scheduler", ...objectName }),
    ),
    topologySpread: Type.Optional(
      listAtomic(spread, { description: "How pods are spread over zones or nodes.", maxItems: 8 }),
    ),
    affinity: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: "object",
        description:
          "Affinity of the pods, written as in a pod's spec.affinity. The API server validates it when pods are created.",
        "x-kubernetes-preserve-unknown-fields": true,
      }),
    ),
  },
  { description: "Which nodes the pods may run on." },
);
