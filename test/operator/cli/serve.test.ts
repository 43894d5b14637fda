import { expect, test } from "vitest";
import { serve } from "../../../operator/cli/serve.ts";

test("without a model the message names the flags, and no process is started", async () => {
  await expect(serve([], { environment: {}, onSignal: () => {} })).rejects.toMatchObject({
    sentence:
      "modelwright serve needs a model: PATH, --repository FOLDER or --config FILE; modelwright serve --help shows how it is used",
  });
});
