import { describe, expect, test } from "vitest";
import { inPlaceModels, labelledRevision, maxModelsLength } from "../../../runtime/in-place/in-place-models.ts";

const model = { revision: "6f5d", version: "2", path: "model.h5", format: "Keras" };

describe("the list of models", () => {
  test("is empty for a pod that was never updated in place", () => {
    expect([inPlaceModels(""), inPlaceModels(" \n"), inPlaceModels("[]")]).toEqual([[], [], []]);
  });

  test("keeps what is known and drops other members and variables", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const fetch = {
      MODELWRIGHT_SOURCE_URL: "http://store/m.h5",
      AWS_REGION: "eu",
      NODE_OPTIONS: "--inspect",
      HF_TOKEN: "x",
    };
    const second = { ...model, revision: "7a", path: "", digest, fetch, later: true };
    expect(inPlaceModels(JSON.stringify([model, second]))).toEqual([
      model,
      {
        ...model,
        revision: "7a",
        path: "",
        digest,
        fetch: { MODELWRIGHT_SOURCE_URL: "http://store/m.h5", AWS_REGION: "eu" },
      },
    ]);
  });

  test.each([
    ["[{", /^models is "\[\{"; must be JSON/],
    ["{}", /^models is \{\}; must be a list$/],
    ["[null]", /^models\[0\] is null; must be an object$/],
    [JSON.stringify([model, model, model]), /^models is a list of 3; must be a list of at most 2$/],
    [JSON.stringify([model, model]), /^models\[1\]\.revision is "6f5d"; must be another than the first$/],
    [
      JSON.stringify([{ ...model, revision: "../up" }]),
      /^models\[0\]\.revision is "\.\.\/up"; must be a text that matches/,
    ],
    [JSON.stringify([{ ...model, revision: undefined }]), /^models\[0\]\.revision is missing/],
    [JSON.stringify([{ ...model, version: "0" }]), /^models\[0\]\.version is "0"/],
    [
      JSON.stringify([{ ...model, version: "9999999999999999" }]),
      /^models\[0\]\.version is 9999999999999999; must be at most/,
    ],
    [JSON.stringify([{ ...model, version: 2 }]), /^models\[0\]\.version is 2/],
    [
      JSON.stringify([{ ...model, path: "../secret" }]),
      /^models\[0\]\.path is "\.\.\/secret"; must be a relative path/,
    ],
    [JSON.stringify([{ ...model, path: "/etc/passwd" }]), /^models\[0\]\.path is /],
    [JSON.stringify([{ ...model, format: "Pickle" }]), /^models\[0\]\.format is "Pickle"; must be one of Auto, Keras/],
    [JSON.stringify([{ ...model, digest: "sha256:1" }]), /^models\[0\]\.digest is "sha256:1"/],
    [JSON.stringify([{ ...model, fetch: {} }]), /^models\[0\]\.fetch\.MODELWRIGHT_SOURCE_URL is missing/],
    [JSON.stringify([{ ...model, fetch: { AWS_REGION: 1 } }]), /^models\[0\]\.fetch\.AWS_REGION is 1; must be a text$/],
    [" ".repeat(maxModelsLength) + "[]", /^models is 262146 characters long; must be at most 262144$/],
  ])("names what is wrong in %.60s", (text, message) => {
    expect(() => inPlaceModels(text)).toThrow(message);
  });
});

test.each(["", "digits", "digits/", "./digits//1", "a\\b"])("takes the path '%s', as the API does", (path) => {
  expect(inPlaceModels(JSON.stringify([{ ...model, path }]))).toEqual([{ ...model, path }]);
});

test("the label's file holds a revision, or nothing that can be used", () => {
  expect(["6f5d\n", "", "\n", "a/b", "..", "x".repeat(64)].map(labelledRevision)).toEqual([
    "6f5d",
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
