import { Type, type TUnsafe } from "typebox";

import { quantityPattern } from "./grammar/quantity.ts";
import { matching } from "./text.ts";

/** An amount as Kubernetes writes it: `500m`, `2`, `1.5Gi`; a number without quotes is allowed. */
export function quantity(options: {
  readonly description: string;
  readonly assumed?: string;
}): TUnsafe<string | number> {
  return Type.Unsafe<string | number>({
    "x-kubernetes-int-or-string": true,
    maxLength: 32,
    ...options,
    rules: [matching(quantityPattern, "must be a quantity such as 500m, 2 or 1.5Gi", "string(self)")],
  });
}
