import { describe, expect, test } from "vitest";
import { hold } from "../../../../operator/model-deployment/plan/holds.ts";
import type { ObservedPod } from "../../../../operator/model-deployment/snapshot.ts";
import { testMs } from "../../../builders/model-deployment.ts";
import { container, revision, snapshot, startingPod, wantedHash } from "../../../builders/snapshot.ts";

const refused = "Startup probe failed: dial tcp 10.0.0.1:8081: connect: connection refused";
const loads = (warning: ObservedPod["warning"]): ObservedPod =>
  startingPod("p-0", { containers: [container({ running: true, startedMs: testMs })], warning });
const unhealthy = (message: string, afterMs: number) => ({ reason: "Unhealthy", message, atMs: testMs + afterMs });

const cases: Readonly<Record<string, { given: ObservedPod; want: string }>> = {
  "a pod that nobody says anything about loads": { given: loads(undefined), want: "pod p-0 loads the model" },
  "at the start nobody listens yet": {
    given: loads(unhealthy(refused, 2_000)),
    want: "pod p-0 loads the model",
  },
  "what the probe says later is told": {
    given: loads(unhealthy(refused, 6_000)),
    want: `pod p-0 loads the model; ${refused}`,
  },
  "that it answers 503 is what it does while it loads": {
    given: loads(unhealthy("Startup probe failed: HTTP probe failed with statuscode: 503", 6_000)),
    want: "pod p-0 loads the model",
  },
  "a warning of an earlier run of the container is over": {
    given: loads(unhealthy(refused, -60_000)),
    want: "pod p-0 loads the model",
  },
};

describe("the hold of a revision that loads", () => {
  test.each(Object.entries(cases))("%s", (_sentence, { given, want }) => {
    const observed = snapshot({ revisions: [revision(wantedHash, [given])] });
    expect(hold(observed, { state: {} }, [])).toEqual({ reason: "Loading", why: want });
  });
});
