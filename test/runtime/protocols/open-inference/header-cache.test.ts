import { beforeAll, describe, expect, test } from "vitest";
import { openInference } from "../../../../runtime/protocols/open-inference/open-inference.ts";
import { type ProtocolClient, protocolClient, float, refusal, x } from "./protocol-client.ts";
import { vectorRegistry } from "./vector-models.ts";

let client: ProtocolClient;
beforeAll(async () => {
  client = protocolClient(openInference(await vectorRegistry(), { name: "modelwright", version: "1.2.3" }));
});

describe("a cached header with other binary data", () => {
  const json = (fields: string): string => x(`${float},"parameters":{"binary_data_size":8}`, fields);

  test.each([
    ["is answered like the first time", "", "0000803f00000040", "[1.0,2.0]"],
    ["with other values", "", "0000404000008040", "[3.0,4.0]"],
    ["with its id", ',"id":"a"', "0000404000008040", "[3.0,4.0]"],
  ])("%s", async (_, fields, blob, data) => {
    for (let i = 0; i < 2; i++) {
      const answer = await client.infer("identity_float", json(fields), blob);
      expect(answer).toContain(`"data":${data}`);
      expect(answer.includes('"id":"a"')).toBe(fields !== "");
    }
  });

  test("is refused when the data are too long or too short", async () => {
    const sent = json("");
    expect(await client.infer("identity_float", sent, "0000803f00000040")).toMatch(/^200 /);
    expect(await client.infer("identity_float", sent, "0000803f0000004000")).toBe(
      await client.infer("identity_float", `${sent} `, "0000803f0000004000"),
    );
    expect(await client.infer("identity_float", sent, "0000803f")).toBe(
      refusal(
        "inputs[0].parameters.binary_data_size is 8; the body has 4 bytes left after its JSON and the inputs before; Inference-Header-Content-Length must tell where the JSON ends",
      ),
    );
  });

  test("is not used for JSON with tensor data, nor for another model", async () => {
    const mixed = `{"inputs":[{"name":"INPUT0","datatype":"INT32","shape":[1,16],"data":[${Array.from({ length: 16 }, (_, i) => i).join(",")}]},{"name":"INPUT1","datatype":"INT32","shape":[1,16],"parameters":{"binary_data_size":64}}]}`;
    const answers = [];
    for (const byte of ["00", "01", "00"]) answers.push(await client.infer("simple", mixed, byte.repeat(64)));
    expect(answers[0]).toMatch(/^200 /);
    expect(answers[2]).toBe(answers[0]);
    expect(answers[1]).not.toBe(answers[0]);
    const named = x(`${float},"parameters":{"binary_data_size":8}`);
    expect(await client.infer("identity_float", named, "0000803f00000040")).toMatch(/^200 /);
    expect(await client.infer("cube", named, "0000803f00000040")).toMatch(/^400 /);
  });
});
