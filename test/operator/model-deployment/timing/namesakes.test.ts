import { describe, expect, test } from "vitest";
import { createNamesakes, type Namesakes } from "../../../../operator/model-deployment/timing/namesakes.ts";
import { modelDeployment } from "../../../builders/model-deployment.ts";

const called = (name: string, model?: string, deletionTimestamp?: string) => {
  const { metadata, spec, ...rest } = modelDeployment();
  return {
    ...rest,
    metadata: { ...metadata, name, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
    spec: { ...spec, model: { source: spec.model.source, ...(model === undefined ? {} : { name: model }) } },
  };
};
const add = (namesakes: Namesakes, key: string, model: string) =>
  namesakes.note(key, { type: "added", object: called(key, model) });
const remove = (namesakes: Namesakes, key: string, model: string) =>
  namesakes.note(key, { type: "removed", object: called(key, model) });

describe("namesakes", () => {
  test("who is alone with a name has no others, and others' changes are no news", () => {
    const namesakes = createNamesakes();
    expect([add(namesakes, "a/one", "digits"), add(namesakes, "a/two", "letters")]).toEqual([[], []]);
    expect(namesakes.others("a/one", "digits")).toBeUndefined();
  });

  test("the second of a name is told of, to both, until one of them goes", () => {
    const namesakes = createNamesakes();
    add(namesakes, "b/one", "digits");
    expect(add(namesakes, "a/two", "digits")).toEqual(["b/one"]);
    expect([namesakes.others("b/one", "digits"), namesakes.others("a/two", "digits")]).toEqual(["a/two", "b/one"]);
    expect(remove(namesakes, "b/one", "digits")).toEqual(["a/two"]);
    expect(namesakes.others("a/two", "digits")).toBeUndefined();
    expect(remove(namesakes, "a/two", "digits")).toEqual([]);
  });

  test("a model without a name is called like its ModelDeployment; another name leaves the one and joins the other", () => {
    const namesakes = createNamesakes();
    add(namesakes, "a/one", "digits");
    add(namesakes, "a/two", "letters");
    const object = called("digits");
    expect(namesakes.note("b/digits", { type: "added", object })).toEqual(["a/one"]);
    const renamed = called("digits", "letters");
    expect(namesakes.note("b/digits", { type: "modified", object: renamed, previous: object })).toEqual([
      "a/one",
      "a/two",
    ]);
    expect(namesakes.note("b/digits", { type: "modified", object: renamed, previous: renamed })).toEqual([]);
  });

  test("what is being deleted is nobody's namesake: it gets no requests", () => {
    const namesakes = createNamesakes();
    add(namesakes, "a/one", "digits");
    add(namesakes, "a/two", "digits");
    const going = called("two", "digits", "2030-01-01T00:00:00Z");
    const change = { type: "modified", object: going, previous: called("two", "digits") } as const;
    expect(namesakes.note("a/two", change)).toEqual(["a/one"]);
    expect(namesakes.others("a/one", "digits")).toBeUndefined();
    expect(remove(namesakes, "a/two", "digits")).toEqual([]);
  });

  test("of more than four none is named, and who comes and goes among them is no news", () => {
    const namesakes = createNamesakes();
    const keys = ["a/1", "a/2", "a/3", "a/4", "a/5", "a/6"];
    const news = keys.map((key) => add(namesakes, key, "digits").length);
    expect(news).toEqual([0, 1, 2, 3, 4, 0]);
    expect(namesakes.others("a/1", "digits")).toBe("many others");
    expect(remove(namesakes, "a/6", "digits")).toEqual([]);
    expect(remove(namesakes, "a/5", "digits")).toEqual(["a/1", "a/2", "a/3", "a/4"]);
    expect(namesakes.others("a/1", "digits")).toBe("a/2 and a/3 and a/4");
  });
});
