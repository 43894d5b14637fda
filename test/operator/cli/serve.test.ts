import { expect, test } from "vitest";
import { serve } from "../../../operator/cli/serve.ts";

test("without a model the flags are named, and no program is started", async () => {
  await expect(serve([], { environment: {}, onSignal: () => {} })).rejects.toMatchObject({
    sentence:
      "modelwright serve needs a model: PATH, --repository FOLDER or --config FILE; modelwright serve --help shows how it is used",
  });
});
