import { Type } from "typebox";

import { listSet } from "../schema/list.ts";
import { memoryQuantity, quantity } from "../schema/quantity.ts";
import { rule } from "../schema/rule.ts";
import { text } from "../schema/text.ts";
import { labelValue } from "./names.ts";

const gpu = Type.Object(
  {
    count: Type.Integer({ description: "GPUs per replica.", minimum: 0, maximum: 64 }),
    resource: Type.Optional(
      text({
        description: "Extended resource that represents one GPU.",
        assumed: "nvidia.com/gpu",
        pattern: "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
        complaint: "must be an extended resource, such as nvidia.com/gpu",
        maxLength: 253,
      }),
    ),
    products: Type.Optional(
      listSet(text({ description: "A value of the node label nvidia.com/gpu.product.", ...labelValue }), {
        description: "Acceptable GPU products, by the node label nvidia.com/gpu.product. Absent: any.",
        minItems: 1,
        maxItems: 16,
      }),
    ),
    memory: Type.Optional(
      memoryQuantity({
        description:
          "Minimum memory of each GPU, by the node label nvidia.com/gpu.memory. Write 80G, not 80Gi: an 80 GB product has slightly less than 80Gi. Absent: any.",
      }),
    ),
  },
  {
    description: "GPUs per replica. Absent: the model runs on the CPU.",
    rules: [
      rule<{ readonly count: number; readonly products?: readonly string[] }>({
        cel: "!has(self.products) || self.count > 0",
        message: "products needs a count of at least 1",
        holds: (self) => self.products === undefined || self.count > 0,
      }),
      rule<{ readonly count: number; readonly memory?: string | number }>({
        cel: "!has(self.memory) || self.count > 0",
        message: "memory needs a count of at least 1",
        holds: (self) => self.memory === undefined || self.count > 0,
      }),
    ],
  },
);

/** `spec.resources`: what each replica gets. */
export const resources = Type.Object(
  {
    cpu: Type.Optional(
      quantity({
        description:
          "CPU per replica, such as 500m, 2 or a quoted '0.5'. Sets request and limit, and bounds the engine's threads.",
      }),
    ),
    memory: Type.Optional(
      memoryQuantity({ description: "Memory per replica, such as 512Mi or 2Gi. Sets request and limit." }),
    ),
    gpu: Type.Optional(gpu),
  },
  { description: "Resources of each replica." },
);
