import { describe, expect, test } from "vitest";
import {
  createNameConflicts,
  type NameConflicts,
} from "../../../../operator/model-deployment/controller-state/name-conflicts.ts";
import { modelDeployment } from "../../../builders/model-deployment.ts";

const deploymentWithModel = (name: string, model?: string, deletionTimestamp?: string) => {
  const { metadata, spec, ...rest } = modelDeployment();
  return {
    ...rest,
    metadata: { ...metadata, name, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
    spec: { ...spec, model: { source: spec.model.source, ...(model === undefined ? {} : { name: model }) } },
  };
};
const add = (nameConflicts: NameConflicts, key: string, model: string) =>
  nameConflicts.record(key, { type: "added", object: deploymentWithModel(key, model) });
const remove = (nameConflicts: NameConflicts, key: string, model: string) =>
  nameConflicts.record(key, { type: "removed", object: deploymentWithModel(key, model) });

describe("namesakes", () => {
  test("a unique name has no conflict, and changes of other names do not affect it", () => {
    const nameConflicts = createNameConflicts();
    expect([add(nameConflicts, "a/one", "digits"), add(nameConflicts, "a/two", "letters")]).toEqual([[], []]);
    expect(nameConflicts.others("a/one", "digits")).toBeUndefined();
  });

  test("two models of the same name conflict until one of them is removed", () => {
    const nameConflicts = createNameConflicts();
    add(nameConflicts, "b/one", "digits");
    expect(add(nameConflicts, "a/two", "digits")).toEqual(["b/one"]);
    expect([nameConflicts.others("b/one", "digits"), nameConflicts.others("a/two", "digits")]).toEqual([
      "a/two",
      "b/one",
    ]);
    expect(remove(nameConflicts, "b/one", "digits")).toEqual(["a/two"]);
    expect(nameConflicts.others("a/two", "digits")).toBeUndefined();
    expect(remove(nameConflicts, "a/two", "digits")).toEqual([]);
  });

  test("a model without a name has that of its ModelDeployment, and a rename ends one conflict and begins another", () => {
    const nameConflicts = createNameConflicts();
    add(nameConflicts, "a/one", "digits");
    add(nameConflicts, "a/two", "letters");
    const object = deploymentWithModel("digits");
    expect(nameConflicts.record("b/digits", { type: "added", object })).toEqual(["a/one"]);
    const renamed = deploymentWithModel("digits", "letters");
    expect(nameConflicts.record("b/digits", { type: "modified", object: renamed, previous: object })).toEqual([
      "a/one",
      "a/two",
    ]);
    expect(nameConflicts.record("b/digits", { type: "modified", object: renamed, previous: renamed })).toEqual([]);
  });

  test("a model that is being deleted conflicts with none: it gets no requests", () => {
    const nameConflicts = createNameConflicts();
    add(nameConflicts, "a/one", "digits");
    add(nameConflicts, "a/two", "digits");
    const going = deploymentWithModel("two", "digits", "2030-01-01T00:00:00Z");
    const change = { type: "modified", object: going, previous: deploymentWithModel("two", "digits") } as const;
    expect(nameConflicts.record("a/two", change)).toEqual(["a/one"]);
    expect(nameConflicts.others("a/one", "digits")).toBeUndefined();
    expect(remove(nameConflicts, "a/two", "digits")).toEqual([]);
  });

  test("among more than four none is named, and changes among them affect no other", () => {
    const nameConflicts = createNameConflicts();
    const keys = ["a/1", "a/2", "a/3", "a/4", "a/5", "a/6"];
    const news = keys.map((key) => add(nameConflicts, key, "digits").length);
    expect(news).toEqual([0, 1, 2, 3, 4, 0]);
    expect(nameConflicts.others("a/1", "digits")).toBe("many others");
    expect(remove(nameConflicts, "a/6", "digits")).toEqual([]);
    expect(remove(nameConflicts, "a/5", "digits")).toEqual(["a/1", "a/2", "a/3", "a/4"]);
    expect(nameConflicts.others("a/1", "digits")).toBe("a/2 and a/3 and a/4");
  });
});
