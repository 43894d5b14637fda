import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { type Dtype, tensorArrays } from "../../../../../runtime/dataplane/tensor.ts";
import { openInference } from "../../../../../runtime/protocols/open-inference/open-inference.ts";
import { bytesOf, tensorFromBytes } from "../../../../../runtime/protocols/open-inference/tensors/binary-data.ts";
import { datatypes } from "../../../../../runtime/protocols/open-inference/tensors/datatypes.ts";
import { type ProtocolClient, protocolClient } from "../protocol-client.ts";
import { identityNames, vectorRegistry } from "../vector-models.ts";

let client: ProtocolClient;
beforeAll(async () => {
  client = protocolClient(openInference(await vectorRegistry(), { name: "modelwright", version: "1.2.3" }));
});

const dtypes = Object.keys(datatypes) as Dtype[]; // the keys of that record
const shapes = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }));

/** Arbitrary bytes that are elements of that type. */
function contents(dtype: Dtype, count: number): fc.Arbitrary<Buffer> {
  const element = datatypes[dtype].sizeBytes;
  if (element === undefined) {
    return fc
      .array(fc.uint8Array({ maxLength: 6 }), { minLength: count, maxLength: count })
      .map((data) => Buffer.from(bytesOf({ dtype: "string", shape: [data.length], data })));
  }
  const length = element * count;
  const max = dtype === "bool" ? 1 : 255;
  return fc
    .array(fc.integer({ min: 0, max }), { minLength: length, maxLength: length })
    .map((bytes) => Buffer.from(bytes));
}

describe("binary data", () => {
  test.each(dtypes)("of %s round-trips through an identity model, bit for bit", async (dtype) => {
    const model = identityNames[dtype];
    const requests = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        data: contents(dtype, shape[0] * shape[1]),
        pad: fc.integer({ min: 0, max: 7 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(requests, async ({ shape, data, pad }) => {
        const size = { binary_data_size: data.length };
        const input = { name: "x", shape, datatype: datatypes[dtype].name, parameters: size };
        // The length of the JSON determines the alignment of the data.
        const json = JSON.stringify({ parameters: { binary_data_output: true }, inputs: [input] }) + " ".repeat(pad);
        const headers = { "inference-header-content-length": String(json.length) };
        const body = Buffer.concat([Buffer.from(json), data]);
        const answer = await client.send({ target: `/v2/models/${model}/infer`, body, headers });
        expect(answer.status).toBe(200);
        expect(JSON.parse(String(answer.body))).toEqual({
          model_name: model,
          model_version: "1",
          outputs: [{ name: "y", datatype: datatypes[dtype].name, shape, parameters: size }],
        });
        expect(Buffer.concat(answer.tail ?? []).equals(data)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("is not copied when aligned, and never for an output", () => {
    const memory = Buffer.from(new ArrayBuffer(17));
    const announced = { dtype: "float32", shape: [2], path: "x", sizePath: "n" } as const;
    const shared = tensorFromBytes(memory.subarray(8, 16), announced);
    const copied = tensorFromBytes(memory.subarray(9, 17), announced);
    expect([shared.data, copied.data].map((data) => "buffer" in data && data.buffer === memory.buffer)).toEqual([
      true,
      false,
    ]);
    expect(bytesOf(shared).buffer).toBe(memory.buffer);
  });

  test("of any size and content becomes a tensor of the declared shape or is refused", () => {
    const inputs = fc.record({
      dtype: fc.constantFrom(...dtypes),
      shape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
      bytes: fc.uint8Array({ maxLength: 64 }),
    });
    fc.assert(
      fc.property(inputs, ({ dtype, shape, bytes }) => {
        const count = shape.reduce((product, size) => product * size, 1);
        let length: number;
        try {
          length = tensorFromBytes(Buffer.from(bytes), { dtype, shape, path: "x", sizePath: "n" }).data.length;
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: expect.stringMatching(/^(BinarySize|BytesElements?|DataElement)$/) });
          return;
        }
        const perElement = dtype.startsWith("complex") ? 2 : 1;
        expect(length).toBe(count * perElement);
        if (dtype !== "string") expect(bytes.length).toBe(length * tensorArrays[dtype].BYTES_PER_ELEMENT);
      }),
    );
  });
});
