import { describe, expect, test } from "vitest";

import { signatureChanges, parsedSignature } from "../../../operator/analysis/signature.ts";
import type { SignatureFacts } from "../../../runtime/contract/model-facts.ts";

/** Parses the text format of status, so that the table is readable. */
function signature(text: string, name = "serving_default"): SignatureFacts {
  const summary = parsedSignature(text);
  if (summary === undefined) throw new Error(text);
  return { ...summary, name };
}

const stable = "a: float32[-1,4], b: int64[-1] → scores: float32[-1,10], label: string[-1]";

const cases: Readonly<Record<string, readonly [string, string, ...string[]]>> = {
  "the same signature is compatible": [stable, stable],
  "the order of inputs and outputs does not matter": [
    stable,
    "b: int64[-1], a: float32[-1,4] → label: string[-1], scores: float32[-1,10]",
  ],
  "an input that accepts more is compatible": [
    stable,
    "a: float32[-1,-1], b: int64[…] → scores: float32[-1,10], label: string[-1]",
  ],
  "a further output beside several is compatible": [
    stable,
    "a: float32[-1,4], b: int64[-1] → scores: float32[-1,10], label: string[-1], more: float32[-1]",
  ],
  "an output of unknown size is compatible": [
    stable,
    "a: float32[-1,4], b: int64[-1] → scores: float32[-1,-1], label: string[-1]",
  ],
  "an input that is gone": ["a: float32[-1] → o: float32[-1]", " → o: float32[-1]", "input a is gone"],
  "an input with another name": [
    "a: float32[-1] → o: float32[-1]",
    "x: float32[-1] → o: float32[-1]",
    "input a is now called x",
  ],
  "an input with another name and type": [
    "a: float32[-1] → o: float32[-1]",
    "x: int64[-1] → o: float32[-1]",
    "input a is gone",
  ],
  "an input of another type": [
    "a: float32[-1] → o: float32[-1]",
    "a: float64[-1] → o: float32[-1]",
    "input a is float64, was float32",
  ],
  "an input with a fixed size instead of any": [
    "a: float32[-1,-1] → o: float32[-1]",
    "a: float32[-1,4] → o: float32[-1]",
    "input a has shape [-1,4], had [-1,-1]",
  ],
  "an input of another size": [
    "a: float32[-1,4] → o: float32[-1]",
    "a: float32[-1,5] → o: float32[-1]",
    "input a has shape [-1,5], had [-1,4]",
  ],
  "an input of another rank": [
    "a: float32[-1,4] → o: float32[-1]",
    "a: float32[-1,2,2] → o: float32[-1]",
    "input a has shape [-1,2,2], had [-1,4]",
  ],
  "an input with a fixed rank instead of any": [
    "a: float32[…] → o: float32[-1]",
    "a: float32[-1] → o: float32[-1]",
    "input a has shape [-1], had […]",
  ],
  "a further input that must be given": [
    "a: float32[-1], b: float32[-1] → o: float32[-1]",
    "a: float32[-1], b: float32[-1], c: float32[-1] → o: float32[-1]",
    "input c is new and must be given",
  ],
  "an output that is gone": [
    "a: float32[-1] → o: float32[-1], p: float32[-1]",
    "a: float32[-1] → o: float32[-1]",
    "output p is gone",
  ],
  "an output with another name": [
    "a: float32[-1] → dense_2: float32[-1]",
    "a: float32[-1] → dense_5: float32[-1]",
    "output dense_2 is now called dense_5",
  ],
  "an output of another type": [
    "a: float32[-1] → o: float32[-1]",
    "a: float32[-1] → o: int64[-1]",
    "output o is int64, was float32",
  ],
  "an output of another size": [
    "a: float32[-1] → o: float32[-1,10]",
    "a: float32[-1] → o: float32[-1,12]",
    "output o has shape [-1,12], had [-1,10]",
  ],
  "a further output beside the only one": [
    "a: float32[-1] → o: float32[-1]",
    "a: float32[-1] → o: float32[-1], p: float32[-1]",
    "output p is new: responses name their outputs once there is more than one",
  ],
  "several changes are all listed": [
    "a: float32[-1] → o: float32[-1]",
    "a: int64[-1] → p: float32[-1]",
    "input a is int64, was float32",
    "output o is now called p",
  ],
};

describe("incompatible changes of a signature", () => {
  test.each(Object.entries(cases))("%s", (_sentence, [stable, candidate, ...want]) => {
    expect(signatureChanges([signature(candidate)], [signature(stable)])).toEqual(want);
  });

  const input = { name: "a", dtype: "float32", shape: [-1] };
  const optional = { name: "b", dtype: "float32", shape: [-1], isOptional: true } as const;
  const required = { name: "b", dtype: "float32", shape: [-1] };
  const output = { name: "o", dtype: "float32", shape: [-1] };
  const facts = (...inputs: SignatureFacts["inputs"]): SignatureFacts => ({ name: "s", inputs, outputs: [output] });

  test("a new optional input is compatible beside several inputs, but not beside a single one", () => {
    const other = { ...input, name: "c" };
    expect(signatureChanges([facts(input, other, optional)], [facts(input, other)])).toEqual([]);
    expect(signatureChanges([facts(input, optional)], [facts(input)])).toEqual([
      "input b is new: requests must name their inputs once there is more than one",
    ]);
  });

  test("an input that is no longer optional", () => {
    expect(signatureChanges([facts(input, required)], [facts(input, optional)])).toEqual(["input b must be given now"]);
  });

  test("the default signature is compared whatever its name is, others by their names", () => {
    const own = signature("a: float32[-1] → o: float32[-1]", "call");
    const stable = signature("a: float32[-1] → o: float32[-1]");
    const classify = signature("a: string[-1] → o: string[-1]", "classify");
    expect(signatureChanges([own], [stable])).toEqual([]);
    expect(signatureChanges([own], [stable, classify])).toEqual(["signature classify is gone"]);
    expect(signatureChanges([own, signature("a: string[-1] → o: int64[-1]", "classify")], [stable, classify])).toEqual([
      "signature classify: output o is int64, was string",
    ]);
  });
});

describe("the signature in status", () => {
  test("is read back", () => {
    expect(parsedSignature("a: float32[-1,4], b: int64[] → o: float32[…]")).toEqual({
      name: "serving_default",
      inputs: [
        { name: "a", dtype: "float32", shape: [-1, 4] },
        { name: "b", dtype: "int64", shape: [] },
      ],
      outputs: [{ name: "o", dtype: "float32" }],
    });
  });

  test.each(["", "a: float32[-1] → o: flo", "a: float32[-1]", "a → b → c", "a: float32[-1"])(
    "is not guessed from %j",
    (text) => expect(parsedSignature(text)).toBeUndefined(),
  );
});
