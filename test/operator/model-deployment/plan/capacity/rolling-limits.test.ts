import { expect, test } from "vitest";

import { rollingLimits } from "../../../../../operator/model-deployment/plan/capacity/rolling-limits.ts";

const none = (surge: string | number, unavailable: string | number, wanted: number) =>
  `maxSurge ${surge} and maxUnavailable ${unavailable} of ${wanted} are both 0: one pod may be missing`;

test.each([
  { given: [10, "25%", "25%"], want: { surge: 3, unavailable: 2 } },
  { given: [10, 2, 20], want: { surge: 2, unavailable: 10 } },
  { given: [4, "100%", 0], want: { surge: 4, unavailable: 0 } },
  { given: [3, "0%", "33%"], want: { surge: 0, unavailable: 1, why: none("0%", "33%", 3) } },
  { given: [3, 0, "34%"], want: { surge: 0, unavailable: 1 } },
  { given: [0, 0, 0], want: { surge: 0, unavailable: 0 } },
  { given: [2, "x", -1], want: { surge: 0, unavailable: 1, why: none("x", -1, 2) } },
] as const)(
  "of $given.0 pods maxSurge $given.1 and maxUnavailable $given.2 come to $want",
  ({ given: [wanted, surge, unavailable], want }) => {
    expect(rollingLimits(wanted, surge, unavailable)).toEqual(want);
  },
);
