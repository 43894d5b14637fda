import { Type, type TUnsafe } from "typebox";

import { matching } from "./text.ts";

/** A number of pods, or a percentage of all: `1`, `25%`. */
export function countOrPercent(options: {
  readonly description: string;
  readonly assumed: string;
}): TUnsafe<string | number> {
  return Type.Unsafe<string | number>({
    "x-kubernetes-int-or-string": true,
    maxLength: 8,
    ...options,
    rules: [
      matching(
        "^([0-9]{1,5}|100%|[0-9]{1,2}%)$",
        "must be a number of pods or a percentage, such as 1 or 25%",
        "string(self)",
      ),
    ],
  });
}
