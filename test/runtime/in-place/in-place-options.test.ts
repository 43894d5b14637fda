import { expect, test } from "vitest";
import { inPlaceOptions } from "../../../runtime/in-place/in-place-options.ts";
import { serveOptions } from "../../../runtime/options.ts";
import { parsedOptions } from "../../../runtime/base/parsed-options.ts";

const both = { MODELWRIGHT_REVISION: "5d8f6c7b9", MODELWRIGHT_IN_PLACE_FOLDER: "/etc/modelwright/in-place" };

test("both variables are those of a pod that may be updated in place", () => {
  const source = parsedOptions([], both, { flags: [], usage: "" });
  expect(inPlaceOptions(source, [])).toEqual({
    inPlace: { revision: "5d8f6c7b9", folder: "/etc/modelwright/in-place" },
  });
});

test("without them a pod is not updated in place", () => {
  expect(serveOptions(["model.h5"], {}).inPlace).toBeUndefined();
});

test.each([
  ["MODELWRIGHT_REVISION is missing", { MODELWRIGHT_REVISION: "" }, ["model.h5"]],
  ["MODELWRIGHT_IN_PLACE_FOLDER is missing", { MODELWRIGHT_IN_PLACE_FOLDER: "" }, ["model.h5"]],
  ["MODELWRIGHT_REVISION is ../B", { MODELWRIGHT_REVISION: "../B" }, ["model.h5"]],
  ["MODELWRIGHT_MODEL_VERSIONS is all", { MODELWRIGHT_MODEL_VERSIONS: "all" }, ["model.h5"]],
  ["--repository is models", {}, ["--repository", "models"]],
  ["--config is models.config", {}, ["--config", "models.config"]],
  ["--model-control is true", {}, ["model.h5", "--model-control"]],
])("%s, which is refused", (message, env, args) => {
  expect(() => serveOptions(args, { ...both, ...env })).toThrow(message);
});
