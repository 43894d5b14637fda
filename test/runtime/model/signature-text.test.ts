import { expect, test } from "vitest";
import { signatureText } from "../../../runtime/model/signature-text.ts";

test("a signature is shown in one line, inputs before outputs", () => {
  expect(
    signatureText({
      inputs: [
        { name: "image", dtype: "uint8", shape: [-1, 28, 28] },
        { name: "scale", dtype: "float32", shape: [] },
      ],
      outputs: [{ name: "label", dtype: "string", shape: [], anyShape: true }],
    }),
  ).toBe("image: uint8[-1,28,28], scale: float32[] → label: string[…]");
});
