import { expect, test } from "vitest";

import { preflightFaults } from "../../../operator/analysis/faults.ts";

test("faults of candidates have a hint", () => {
  const difference = { path: "predictions[0][3]", value: "0.93", expected: "0.12", difference: 0.81 };
  const place = { configMap: "golden", key: "requests.jsonl" };
  expect(
    [
      preflightFaults.SignatureChanged({ changes: ["input a is gone", "output o is int64, was float32"] }),
      preflightFaults.SignatureChanged({
        changes: ["a", "b", "c", "d", "e", "f", "g"].map((name) => `output ${name} is gone`),
      }),
      preflightFaults.PredictionsDiffer({ line: 3, difference, tolerance: 0.001 }),
      preflightFaults.PredictionsDiffer({
        line: 3,
        difference: { ...difference, difference: undefined },
        tolerance: 0.001,
      }),
      preflightFaults.GoldenUnanswered({
        line: 4,
        status: 400,
        text: `{"error": "${"x".repeat(500)}"}`,
        expected: "200",
      }),
      preflightFaults.GoldenMissing({ configMap: "golden" }),
      preflightFaults.GoldenMissing(place),
      preflightFaults.GoldenMissing({}),
      preflightFaults.StablePodMissing({ model: "default/digits" }),
      preflightFaults.GoldenInvalid({
        place: "ConfigMap golden, key requests.jsonl",
        line: 2,
        cause: "request is no object",
      }),
      preflightFaults.PodBusy({ address: "10.0.0.7", status: 503 }),
    ].map(({ sentence }) => sentence),
  ).toEqual([
    "clients of the stable revision would break: input a is gone, output o is int64, was float32; spec.model.signatureCompatibility: Allow lets it pass",
    "clients of the stable revision would break: output a is gone, output b is gone, output c is gone, output d is gone, output e is gone, and 2 more; spec.model.signatureCompatibility: Allow lets it pass",
    "golden request of line 3: predictions[0][3] is 0.93, expected 0.12: 0.81 apart, beyond the tolerance of 0.001",
    "golden request of line 3: predictions[0][3] is 0.93, expected 0.12",
    `golden request of line 4: answered 400 {"error": "${"x".repeat(189)}, expected 200`,
    "ConfigMap golden does not exist; spec.rollout.analysis.predictionDiff.golden names it; the candidate waits for it",
    "ConfigMap golden has no key requests.jsonl; spec.rollout.analysis.predictionDiff.golden names it; the candidate waits for it",
    "the stable revision's model has no Predict requests in assets.extra/tf_serving_warmup_requests; spec.rollout.analysis.predictionDiff.golden.warmup asks for them; golden.configMap supplies your own",
    "no pod of the stable revision of default/digits is ready to be asked for the requests in its model",
    'ConfigMap golden, key requests.jsonl, line 2: request is no object; each line is JSON: {"request": body of :predict, "response": the expected response}',
    "pod 10.0.0.7 answered 503 to a golden request",
  ]);
});
