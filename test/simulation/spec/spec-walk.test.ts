import { beforeAll, describe, expect, test } from "vitest";

import { createSharedServer, type SharedServer } from "../world/shared-server.ts";
import { specFields } from "./spec-fields.ts";
import { walkField } from "./spec-walk.ts";

/** Number of values per field; `MODELWRIGHT_SPEC_WALKS=20` draws twenty. */
const walksOfAField = Number(process.env["MODELWRIGHT_SPEC_WALKS"] ?? 2);

describe("every field of the spec, changed, with a broken model, and reverted", () => {
  let shared: SharedServer;

  beforeAll(async () => {
    shared = await createSharedServer();
  });

  test("there are as many fields as the definition has", () => {
    expect(specFields.length).toBeGreaterThan(100);
  });

  test.each(specFields.map((field, index) => ({ field, index, path: field.path })))(
    "$path",
    async ({ field, index }) => {
      for (let walk = 1; walk <= walksOfAField; walk += 1) {
        const { changed, transitions, violations } = await walkField(shared, field, walk * 1_000 + index);
        expect({ transitions, violations, changed }).toEqual({ transitions: 3, violations: [], changed });
      }
    },
  );
});
