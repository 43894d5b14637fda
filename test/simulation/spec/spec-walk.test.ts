import { beforeAll, describe, expect, test } from "vitest";

import { createStage, type Stage } from "../world/stage.ts";
import { specFields } from "./spec-fields.ts";
import { walked } from "./spec-walk.ts";

/** Two values of each field; `MODELWRIGHT_SPEC_WALKS=20` draws twenty. */
const walksOfAField = Number(process.env["MODELWRIGHT_SPEC_WALKS"] ?? 2);

describe("every field of the spec, changed, broken and taken back", () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await createStage();
  });

  test("there are as many fields as the definition has", () => {
    expect(specFields.length).toBeGreaterThan(100);
  });

  test.each(specFields.map((field, index) => ({ field, index, path: field.path })))(
    "$path",
    async ({ field, index }) => {
      for (let walk = 1; walk <= walksOfAField; walk += 1) {
        const { changed, transitions, violations } = await walked(stage, field, walk * 1_000 + index);
        expect({ transitions, violations, changed }).toEqual({ transitions: 3, violations: [], changed });
      }
    },
  );
});
