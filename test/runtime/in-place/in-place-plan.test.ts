import { expect, test } from "vitest";
import { inPlacePlan, type RevisionPhase } from "../../../runtime/in-place/in-place-plan.ts";

interface Row {
  readonly label?: string;
  readonly listed?: string;
  readonly serving?: string;
  readonly phases: Readonly<Record<string, RevisionPhase>>;
  readonly plan: object;
}

const rows: Readonly<Record<string, Row>> = {
  "starts with its own model": { phases: {}, plan: { unload: [], load: "A" } },
  "starts with the label's model after a restart": {
    label: "B",
    listed: "AB",
    serving: "B",
    phases: {},
    plan: { unload: [], load: "B" },
  },
  "loads the other one once the label's is ready": {
    label: "B",
    listed: "AB",
    serving: "B",
    phases: { B: "ready" },
    plan: { unload: [], load: "A" },
  },
  "rests without a list": { phases: { A: "ready" }, plan: { unload: [] } },
  "loads a listed model beside": { listed: "AB", phases: { A: "ready" }, plan: { unload: [], load: "B" } },
  "waits for a load": { listed: "AB", phases: { A: "ready", B: "loading" }, plan: { unload: [] } },
  "leaves a failed one until the list changes": {
    listed: "AB",
    phases: { A: "ready", B: "failed" },
    plan: { unload: [] },
  },
  "hands over": {
    label: "B",
    listed: "AB",
    phases: { A: "ready", B: "ready" },
    plan: { serve: "B", unload: [] },
  },
  "hands over and settles at once": {
    label: "B",
    listed: "B",
    phases: { A: "ready", B: "ready" },
    plan: { serve: "B", unload: ["A"] },
  },
  "goes on serving while the label's model is loading": {
    label: "B",
    listed: "B",
    phases: { A: "ready", B: "loading" },
    plan: { unload: [] },
  },
  "goes on serving when the label's model has failed": {
    label: "B",
    listed: "B",
    phases: { A: "ready", B: "failed" },
    plan: { unload: [] },
  },
  settles: { label: "B", listed: "B", serving: "B", phases: { A: "ready", B: "ready" }, plan: { unload: ["A"] } },
  "goes back": {
    label: "A",
    listed: "AB",
    serving: "B",
    phases: { A: "ready", B: "ready" },
    plan: { serve: "A", unload: [] },
  },
  "drops the candidate": { listed: "A", phases: { A: "ready", B: "ready" }, plan: { unload: ["B"] } },
  "drops a candidate that is loading": { listed: "A", phases: { A: "ready", B: "loading" }, plan: { unload: ["B"] } },
  "loads the next one only when the superseded one is gone": {
    listed: "AC",
    phases: { A: "ready", B: "ready" },
    plan: { unload: ["B"] },
  },
  "waits while it is unloaded": { listed: "AC", phases: { A: "ready", B: "unloading" }, plan: { unload: [] } },
  "loads the next one in place of a failed one at once": {
    listed: "AC",
    phases: { A: "ready", B: "failed" },
    plan: { unload: ["B"], load: "C" },
  },
  "loads again what is listed again": { listed: "AB", phases: { A: "ready", B: "unloading" }, plan: { unload: [] } },
  "goes on with an unknown label": {
    label: "X",
    listed: "AB",
    phases: { A: "ready", B: "ready" },
    plan: { unload: [], unknown: "X" },
  },
  "goes on without a label": { label: "", phases: { A: "ready" }, plan: { unload: [] } },
};

test.each(Object.entries(rows))("%s", (_, { label = "A", listed = "", serving = "A", phases, plan }) => {
  const situation = {
    label: label === "" ? undefined : label,
    own: "A",
    listed: listed.split("").map((revision) => ({ revision })),
    serving,
    phases: new Map(Object.entries(phases)),
  };
  expect(inPlacePlan(situation)).toEqual(plan);
});
