import { describe, expect, test } from "vitest";
import { type KedaPoll, kedaReplicas } from "../../../../operator/autoscale/baselines/keda-poll.ts";
import { vectorRows } from "../vectors.ts";

describe("kedaReplicas", () => {
  test.each(vectorRows<KedaPoll, { setReplicas: number | null }>("keda-executor"))(
    "$id ($source)",
    ({ in: given, out }) => {
      expect(kedaReplicas(given)).toBe(out.setReplicas);
    },
  );
});
