import { expect, test } from "vitest";
import { trialRequest } from "../../../../operator/pages/model/trial-request.ts";

const cases: Record<string, [string | undefined, string]> = {
  "a row of features": ["features: float32[-1,3] → output_0: float32[-1,10]", '{"instances": [[0,0,0]]}'],
  "a number a row": ["x: float32[-1] → y: float32[-1]", '{"instances": [0]}'],
  "an image": ["image: uint8[-1,2,2,1] → label: float32[-1,5]", '{"instances": [[[[0],[0]],[[0],[0]]]]}'],
  "a large image is left to the user": ["image: float32[-1,224,224,3] → p: float32[-1,9]", '{"instances": []}'],
  "several inputs are": ["a: float32[-1,2], b: float32[-1,2] → y: float32[-1]", '{"instances": []}'],
  "a free dimension is": ["tokens: int32[-1,-1] → y: float32[-1]", '{"instances": []}'],
  "text is": ["text: string[-1,1] → y: float32[-1]", '{"instances": []}'],
  "a model that is not loaded is": [undefined, '{"instances": []}'],
};
for (const [sentence, [signature, want]] of Object.entries(cases))
  test(sentence, () => expect(trialRequest(signature)).toBe(want));
