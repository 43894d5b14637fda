import { describe, expect, test } from "vitest";
import { rowBodies } from "./row-cases.ts";
import { victimOfFile } from "../scene.ts";
import { tensorBodies } from "./tensor-cases.ts";

/** Valid cases: bodies that other servers accept as well. */
const harmless = 3;

const victim = victimOfFile({ harmless, maxMemoryMb: 500 });

describe.each([
  ["TensorFlow Serving's rows and columns", rowBodies],
  ["the Open Inference Protocol's tensors", tensorBodies],
])("hostile bodies of %s", (_, cases) => {
  test.each(Object.entries(cases))("%s", async (_name, { to, headers = {}, body, want }) => {
    const response = await fetch(`${victim().url}${to}`, { method: "POST", body, headers });
    const output = `${response.status} ${await response.text()}`;
    if (typeof want === "string") expect(output).toBe(want);
    else expect(output).toMatch(want);
  });
});
