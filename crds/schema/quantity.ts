import { Type, type TUnsafe } from "typebox";

import { matching } from "./text.ts";

/** The API server's own grammar of a quantity (apimachinery, pkg/api/resource), without a sign. */
const pattern = "^([0-9]+([.][0-9]*)?|[.][0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$";

/** An amount as Kubernetes writes it: `500m`, `2`, `1.5Gi`; a number without quotes is allowed. */
export function quantity(options: {
  readonly description: string;
  readonly assumed?: string;
}): TUnsafe<string | number> {
  return Type.Unsafe<string | number>({
    "x-kubernetes-int-or-string": true,
    maxLength: 32,
    ...options,
    rules: [matching(pattern, "must be a quantity such as 500m, 2 or 1.5Gi", "string(self)")],
  });
}

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity stands for (cores, bytes, devices); `undefined` when it is not a quantity. */
export function quantityNumber(value: string | number): number | undefined {
  const text = String(value);
  if (!new RegExp(pattern).test(text)) return undefined;
  const suffix = /(?<=[0-9.])([KMGTPE]i|[numkMGTPE])$/.exec(text)?.[1] ?? "";
  return Number(text.slice(0, text.length - suffix.length)) * (factors[suffix] ?? 1);
}
