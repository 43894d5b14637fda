import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { type Divergence, divergence, parsedAnswer } from "../../../../runtime/base/predictions/divergence.ts";

const none = { differs: false, maxAbsolute: 0, sumAbsolute: 0, numbers: 0, ranked: 0, agreeing: 0 };

interface Case {
  readonly answer: unknown;
  readonly expected: unknown;
  readonly tolerance?: number;
  readonly want: Divergence;
}

const tensor = (data: readonly number[], shape: readonly number[], more: object = {}) => ({
  model_name: "m",
  model_version: "2",
  outputs: [{ name: "scores", datatype: "FP32", shape, data, ...more }],
});

const cases: Readonly<Record<string, Case>> = {
  "equal rows do not differ": {
    answer: {
      predictions: [
        [0.25, 0.75],
        [0.5, 0.25],
      ],
    },
    expected: {
      predictions: [
        [0.25, 0.75],
        [0.5, 0.25],
      ],
    },
    want: { ...none, numbers: 4, ranked: 2, agreeing: 2 },
  },
  "a number within the tolerance does not differ, and is counted": {
    answer: { predictions: [[0.5, 0.25]] },
    expected: { predictions: [[0.625, 0.25]] },
    tolerance: 0.125,
    want: { ...none, maxAbsolute: 0.125, sumAbsolute: 0.125, numbers: 2, ranked: 1, agreeing: 1 },
  },
  "above 1 the tolerance is relative to the larger number": {
    answer: { predictions: [1000, 1000] },
    expected: { predictions: [1010, 1012] },
    tolerance: 0.01,
    want: {
      ...none,
      differs: true,
      maxAbsolute: 12,
      sumAbsolute: 22,
      numbers: 2,
      first: { path: "predictions[1]", value: "1000", expected: "1012", difference: 12 },
    },
  },
  "the first of several differences is named, and a row whose largest number moved does not agree": {
    answer: {
      predictions: [
        [0, 1],
        [1, 0],
      ],
    },
    expected: {
      predictions: [
        [0, 1],
        [0, 1],
      ],
    },
    want: {
      differs: true,
      maxAbsolute: 1,
      sumAbsolute: 2,
      numbers: 4,
      ranked: 2,
      agreeing: 1,
      first: { path: "predictions[1][0]", value: "1", expected: "0", difference: 1 },
    },
  },
  "named outputs of each row are compared by name": {
    answer: { predictions: [{ label: "cat", scores: [0.5, 1] }] },
    expected: { predictions: [{ scores: [0.5, 1], label: "dog" }] },
    want: {
      ...none,
      differs: true,
      numbers: 2,
      ranked: 1,
      agreeing: 1,
      first: { path: "predictions[0].label", value: '"cat"', expected: '"dog"' },
    },
  },
  "another number of rows is another shape": {
    answer: { outputs: [[1], [2]] },
    expected: { outputs: [[1]] },
    want: { ...none, differs: true, first: { path: "outputs", value: "[[1],[2]]", expected: "[[1]]" } },
  },
  "an error where predictions are expected differs": {
    answer: { error: "no" },
    expected: { predictions: [1] },
    want: { ...none, differs: true, first: { path: "predictions", value: "nothing", expected: "[1]" } },
  },
  "a text where a number is expected differs": {
    answer: { predictions: ["NaN"] },
    expected: { predictions: [1] },
    want: { ...none, differs: true, first: { path: "predictions[0]", value: '"NaN"', expected: "1" } },
  },
  "tensors of the Open Inference Protocol are compared by name and as their shape says": {
    answer: {
      id: "7",
      outputs: [
        { name: "b", datatype: "INT64", shape: [2], data: [1, 2] },
        { name: "a", datatype: "FP32", shape: [2, 2], data: [1, 0, 0, 1] },
      ],
    },
    expected: {
      outputs: [
        { name: "a", datatype: "FP32", shape: [2, 2], data: [1, 0, 1, 0] },
        { name: "b", datatype: "INT64", shape: [2], data: [1, 2] },
      ],
    },
    want: {
      differs: true,
      maxAbsolute: 1,
      sumAbsolute: 2,
      numbers: 6,
      ranked: 2,
      agreeing: 1,
      first: { path: "outputs.a.data[1][0]", value: "0", expected: "1", difference: 1 },
    },
  },
  "another name of the model and another version beside equal tensors do not differ": {
    answer: tensor([1, 2], [1, 2]),
    expected: { ...tensor([1, 2], [1, 2]), model_version: "1" },
    want: { ...none, numbers: 2, ranked: 1, agreeing: 1 },
  },
  "another type of a tensor differs": {
    answer: tensor([1], [1], { datatype: "FP64" }),
    expected: tensor([1], [1]),
    want: {
      ...none,
      differs: true,
      numbers: 1,
      first: { path: "outputs.scores.datatype", value: '"FP64"', expected: '"FP32"' },
    },
  },
  "another shape of a tensor with as many numbers differs": {
    answer: tensor([1, 2], [2, 1]),
    expected: tensor([1, 2], [1, 2]),
    want: {
      ...none,
      differs: true,
      first: { path: "outputs.scores.shape", value: '"[2,1]"', expected: '"[1,2]"' },
    },
  },
  "what has no predictions is compared as a whole, and shown in short": {
    answer: "x".repeat(200),
    expected: null,
    want: {
      ...none,
      differs: true,
      first: { path: "the answer", value: `"${"x".repeat(79)}…`, expected: "null" },
    },
  },
};

describe("the divergence of two predictions", () => {
  test.each(Object.entries(cases))("%s", (_sentence, { answer, expected, tolerance = 0.001, want }) => {
    expect(divergence(answer, expected, tolerance)).toEqual(want);
  });

  test("is none between any value and itself", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (answer) => {
        const { differs, maxAbsolute, agreeing, ranked } = divergence(answer, structuredClone(answer), 0);
        expect([differs, maxAbsolute, agreeing]).toEqual([false, 0, ranked]);
      }),
    );
  });

  test("is symmetric", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const { first: _first, ...figures } = divergence(one, other, 0.01);
        const { first: _other, ...mirrored } = divergence(other, one, 0.01);
        expect(figures).toEqual(mirrored);
      }),
    );
  });

  test("of values nested more deeply than any tensor is not computed: they differ", () => {
    const nested = (value: unknown): unknown => Array.from({ length: 100_000 }).reduce((inner) => [inner], value);
    expect(divergence(nested(1), nested(1), 1).differs).toBe(true);
  });
});

describe("the JSON of a prediction", () => {
  test("may contain NaN and Infinity, which become strings", () => {
    expect(parsedAnswer('{"predictions": [NaN, -Infinity, 1.5, "NaN, \\" Infinity"]}')).toEqual({
      predictions: ["NaN", "-Infinity", 1.5, 'NaN, " Infinity'],
    });
  });

  test("is refused when it is not JSON", () => {
    expect(() => parsedAnswer("<html>")).toThrow(SyntaxError);
  });
});
