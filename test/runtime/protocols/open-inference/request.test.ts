import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { openInference } from "../../../../runtime/protocols/open-inference/open-inference.ts";
import { type ProtocolClient, protocolClient, float, refusal, x } from "./protocol-client.ts";
import { vectorRegistry } from "./vector-models.ts";

let client: ProtocolClient;
beforeAll(async () => {
  client = protocolClient(openInference(await vectorRegistry(), { name: "modelwright", version: "1.2.3" }));
});

describe("invalid requests are refused with the path of the field", () => {
  const bodies: readonly (readonly [string, string, string, string])[] = [
    ["an empty body", "simple", "", "JSON Parse error: The document is empty"],
    ["no object", "simple", "[1]", "the request is a list of 1; must be an object"],
    [
      "what follows the document",
      "simple",
      "{} {}",
      "JSON Parse error: The document root must not be followed by other values. at offset: 3",
    ],
    ["inputs that are no list", "simple", '{"inputs":{}}', "inputs is an object; must be a list of objects"],
    ["an input that is no object", "simple", '{"inputs":[1]}', "inputs[0] is 1; must be an object"],
    [
      "no inputs at all",
      "simple",
      '{"inputs":[]}',
      `input "INPUT0" is missing; the model's inputs are "INPUT0", "INPUT1"`,
    ],
    ["an id that is a number", "identity_float", '{"id":7,"inputs":[]}', "id is 7; must be a string"],
    [
      "a field that stands twice",
      "identity_float",
      x(`${float},"data":[1,2],"data":[3,4]`),
      "inputs[0].data is given twice; must be given once",
    ],
    [
      "a prototype",
      "identity_float",
      x(`${float},"data":[1,2],"__proto__":{"data":[1]}`),
      "inputs[0].__proto__ is not a field of this protocol",
    ],
    [
      "a prototype among parameters",
      "identity_float",
      x(`${float},"data":[1,2]`, ',"parameters":{"__proto__":1}'),
      "parameters.__proto__ is not a field of this protocol",
    ],
    [
      "a parameter that is a list",
      "identity_float",
      x(`${float},"data":[1,2],"parameters":{"a":[1]}`),
      "inputs[0].parameters.a is a list of 1; must be a string, a number or a boolean",
    ],
    [
      "a parameter that is not a number",
      "identity_float",
      x(`${float},"data":[1,2],"parameters":{"a":NaN}`),
      "inputs[0].parameters.a is NaN; must be a string, a number or a boolean",
    ],
    [
      "a flag that is a number",
      "identity_float",
      x(`${float},"data":[1,2]`, ',"parameters":{"binary_data_output":1}'),
      "parameters.binary_data_output is 1; must be true or false",
    ],
    [
      "shared memory",
      "identity_float",
      x(`${float},"parameters":{"shared_memory_region":"r"}`),
      "inputs[0].parameters.shared_memory_region belongs to the shared memory extension, which this server does not support",
    ],
    [
      "a text that is not base64 though it says so",
      "identity_string",
      x('"datatype":"BYTES","shape":[2,1],"data":["YQ==","a b"],"parameters":{"content_type":"base64"}'),
      'element 1 of inputs[0].data is "a b"; must be base64, as its content_type says',
    ],
    [
      "a negative number of classes",
      "identity_float",
      x(`${float},"data":[1,2]`, ',"outputs":[{"name":"y","parameters":{"classification":-1}}]'),
      "outputs[0].parameters.classification is -1; must be a whole number of classes",
    ],
    [
      "classes of texts",
      "identity_string",
      x('"datatype":"BYTES","shape":[1,1],"data":["a"]', ',"outputs":[{"name":"y","parameters":{"classification":1}}]'),
      "outputs[0].parameters.classification asks for classes of BYTES; must be a numeric output other than FP16 or BF16",
    ],
    [
      "a name that is missing",
      "identity_float",
      '{"inputs":[{"shape":[1]}]}',
      "inputs[0].name is missing; must be a string",
    ],
    [
      "a shape that is missing",
      "identity_float",
      x('"datatype":"FP32"'),
      "inputs[0].shape is missing; must be a list of at most 64 whole numbers from 0",
    ],
    [
      "a shape that is a text",
      "identity_float",
      x('"shape":"1,2"'),
      'inputs[0].shape is "1,2"; must be a list of at most 64 whole numbers from 0',
    ],
    [
      "a fraction as a size",
      "identity_float",
      x('"shape":[1,1.5]'),
      "inputs[0].shape[1] is 1.5; must be a whole number from 0",
    ],
    [
      "a negative size",
      "identity_float",
      x('"shape":[-1,2]'),
      "inputs[0].shape[0] is -1; must be a whole number from 0",
    ],
    [
      "NaN as a size",
      "identity_float",
      x('"shape":[NaN,2]'),
      "inputs[0].shape[0] is NaN; must be a whole number from 0",
    ],
    [
      "a shape of too many dimensions",
      "identity_float",
      x(`"shape":[${"1,".repeat(64)}1]`),
      "inputs[0].shape is a list of 65; must be a list of at most 64 whole numbers from 0",
    ],
    [
      "a shape whose product overflows",
      "identity_float",
      x('"datatype":"FP32","shape":[4294967296,4294967296],"data":[]'),
      "inputs[0].shape is [4294967296,4294967296]: more elements than there can be",
    ],
    [
      "an overflow hidden by a zero",
      "identity_float",
      x('"datatype":"FP32","shape":[9007199254740991,9007199254740991,0],"data":[]'),
      "inputs[0].shape is [9007199254740991,9007199254740991,0]: more elements than there can be",
    ],
    [
      "a shape that promises much and gives little",
      "identity_float",
      x('"datatype":"FP32","shape":[1,9007199254740991],"data":[1]'),
      "inputs[0].data has 1 elements; shape [1,9007199254740991] needs 9007199254740991",
    ],
    [
      "an unknown datatype",
      "identity_float",
      x('"datatype":"constructor","shape":[1,1]'),
      'inputs[0].datatype is "constructor"; must be one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES, COMPLEX64, COMPLEX128',
    ],
    [
      "another datatype than the model's",
      "identity_float",
      x('"datatype":"FP64","shape":[1,1],"data":[1]'),
      "inputs[0].datatype is FP64; must be FP32",
    ],
    [
      "another shape than the model's",
      "identity_float",
      x('"datatype":"FP32","shape":[1],"data":[1]'),
      "inputs[0] has shape [1]; must be [-1,-1]",
    ],
    [
      "no data",
      "identity_float",
      x(float),
      "inputs[0].data is missing; must be a list of the elements, unless parameters.binary_data_size is given",
    ],
    [
      "data that are no list",
      "identity_float",
      x(`${float},"data":"1,2"`),
      'inputs[0].data is "1,2"; must be a list of the elements',
    ],
    [
      "too many elements",
      "identity_float",
      x(`${float},"data":[1,2,3]`),
      "inputs[0].data has 3 elements; shape [1,2] needs 2",
    ],
    [
      "uneven lists",
      "identity_float",
      x('"datatype":"FP32","shape":[1,3],"data":[[1,2],[3]]'),
      "inputs[0].data is nested unevenly; lists of one level must be equally long",
    ],
    [
      "a number beside a list",
      "identity_float",
      x('"datatype":"FP32","shape":[1,3],"data":[1,[2,3]]'),
      "inputs[0].data is nested unevenly; lists of one level must be equally long",
    ],
    [
      "a text among numbers",
      "identity_float",
      x(`${float},"data":[1,"2"]`),
      'element 1 of inputs[0].data is "2"; must be a number',
    ],
    [
      "null among numbers",
      "identity_float",
      x(`${float},"data":[null,2]`),
      "element 0 of inputs[0].data is null; must be a number",
    ],
    [
      "an integer beyond its type",
      "identity_int8",
      x('"datatype":"INT8","shape":[1,2],"data":[1,300]'),
      "element 1 of inputs[0].data is 300; must be a whole number from -128 to 127",
    ],
    [
      "a negative unsigned number",
      "identity_uint64",
      x('"datatype":"UINT64","shape":[1,1],"data":[-1]'),
      "element 0 of inputs[0].data is -1; must be a whole number from 0 to 18446744073709551615",
    ],
    [
      "an integer beyond 64 bits",
      "identity_int64",
      x('"datatype":"INT64","shape":[1,1],"data":[9223372036854775808]'),
      "element 0 of inputs[0].data is 9223372036854775808; must be a whole number from -9223372036854775808 to 9223372036854775807",
    ],
    [
      "a fraction for an integer",
      "identity_int32",
      x('"datatype":"INT32","shape":[1,1],"data":[0.5]'),
      "element 0 of inputs[0].data is 0.5; must be a whole number from -2147483648 to 2147483647",
    ],
    [
      "NaN for an integer",
      "identity_int32",
      x('"datatype":"INT32","shape":[1,1],"data":[NaN]'),
      "element 0 of inputs[0].data is NaN; must be a whole number from -2147483648 to 2147483647",
    ],
    [
      "NaN for a wide integer",
      "identity_int64",
      x('"datatype":"INT64","shape":[1,1],"data":[NaN]'),
      "element 0 of inputs[0].data is NaN; must be a whole number from -9223372036854775808 to 9223372036854775807",
    ],
    [
      "a number for a boolean",
      "identity_bool",
      x('"datatype":"BOOL","shape":[1,1],"data":[1]'),
      "element 0 of inputs[0].data is 1; must be true or false",
    ],
    [
      "a number for a text",
      "identity_string",
      x('"datatype":"BYTES","shape":[1,1],"data":[1]'),
      "element 0 of inputs[0].data is 1; must be a string",
    ],
    [
      "half a surrogate pair",
      "identity_string",
      x(String.raw`"datatype":"BYTES","shape":[1,1],"data":["\ud800"]`),
      "JSON Parse error: The surrogate pair in string is invalid. at offset: 65",
    ],
    [
      "FP16 as JSON",
      "identity_float16",
      x('"datatype":"FP16","shape":[1,1],"data":[1]'),
      "inputs[0].data holds FP16 as JSON, which cannot represent it; send them as binary data with parameters.binary_data_size",
    ],
    [
      "an input that stands twice",
      "identity_float",
      `{"inputs":[{"name":"x",${float},"data":[1,2]},{"name":"x",${float},"data":[1,2]}]}`,
      'inputs[1] gives input "x" a second time; each input may be given once',
    ],
    [
      "an input that is not the model's",
      "identity_float",
      `{"inputs":[{"name":"z",${float},"data":[1,2]}]}`,
      'inputs[0]: the model has no input "z"; its inputs are "x"',
    ],
    [
      "an output that is not the model's",
      "identity_float",
      x(`${float},"data":[1,2]`, ',"outputs":[{"name":"y"},{"name":"z"}]'),
      'outputs[1]: the model has no output "z"; its outputs are "y"',
    ],
    [
      "an output asked for twice",
      "identity_float",
      x(`${float},"data":[1,2]`, ',"outputs":[{"name":"y"},{"name":"y"}]'),
      'outputs[1] repeats output "y"; each output may be listed once',
    ],
    [
      "deep JSON",
      "identity_float",
      x(`"shape":${"[".repeat(10_000)}`),
      "JSON Parse error: Nested deeper than 32 levels. at offset: 60",
    ],
  ];
  test.each(bodies)("%s", async (_, model, body, error) => {
    expect(await client.infer(model, body)).toBe(refusal(error));
  });

  const binary = (size: string | number, rest = ""): string =>
    x(`"datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":${size}}`, rest);
  const binaries: readonly (readonly [string, string, string, string, string])[] = [
    [
      "a size that is too small",
      "identity_float",
      binary(4),
      "00000000",
      "inputs[0].parameters.binary_data_size is 4; shape [1,2] of FP32 needs 8 bytes",
    ],
    [
      "a size beyond the body",
      "identity_float",
      binary(8),
      "00000000",
      "inputs[0].parameters.binary_data_size is 8; the body has 4 bytes left after its JSON and the inputs before; Inference-Header-Content-Length must tell where the JSON ends",
    ],
    [
      "a size beyond any memory",
      "identity_float",
      binary("9007199254740991"),
      "00",
      "inputs[0].parameters.binary_data_size is 9007199254740991; the body has 1 bytes left after its JSON and the inputs before; Inference-Header-Content-Length must tell where the JSON ends",
    ],
    [
      "a negative size",
      "identity_float",
      binary(-8),
      "00",
      "inputs[0].parameters.binary_data_size is -8; must be a whole number of bytes",
    ],
    [
      "a size that is a text",
      "identity_float",
      binary('"8"'),
      "00",
      'inputs[0].parameters.binary_data_size is "8"; must be a whole number of bytes',
    ],
    [
      "bytes that belong to no input",
      "identity_float",
      binary(8),
      "000000000000000000",
      "the body has 1 bytes more than the inputs' binary_data_size add up to",
    ],
    [
      "data in both forms",
      "identity_float",
      x(`${float},"data":[1,2],"parameters":{"binary_data_size":8}`),
      "0000000000000000",
      "inputs[0] has both data and parameters.binary_data_size; must have one of them",
    ],
    [
      "a boolean that is neither",
      "identity_bool",
      x('"datatype":"BOOL","shape":[1,2],"parameters":{"binary_data_size":2}'),
      "0102",
      "element 1 of inputs[0] is 2; must be 0 or 1",
    ],
    [
      "a text longer than its data",
      "identity_string",
      x('"datatype":"BYTES","shape":[1,1],"parameters":{"binary_data_size":5}'),
      "ffffffff00",
      "element 0 of inputs[0] announces 4294967295 bytes; 1 are left",
    ],
    [
      "half a length of a text",
      "identity_string",
      x('"datatype":"BYTES","shape":[1,1],"parameters":{"binary_data_size":3}'),
      "000000",
      "element 0 of inputs[0] announces 4 bytes; 0 are left",
    ],
    [
      "too few texts",
      "identity_string",
      x('"datatype":"BYTES","shape":[1,2],"parameters":{"binary_data_size":4}'),
      "00000000",
      "inputs[0] holds 1 elements; shape [1,2] needs another number",
    ],
    [
      "too many texts",
      "identity_string",
      x('"datatype":"BYTES","shape":[1,1],"parameters":{"binary_data_size":8}'),
      "0000000000000000",
      "inputs[0] holds 2 elements; shape [1,1] needs another number",
    ],
    [
      "more texts than there may be",
      "identity_string",
      x('"datatype":"BYTES","shape":[1,250001],"parameters":{"binary_data_size":0}'),
      "",
      "inputs[0] has 250001 texts; must have 250000 at most; send them in several requests",
    ],
    [
      "an output that JSON cannot hold",
      "identity_float16",
      x('"datatype":"FP16","shape":[1,1],"parameters":{"binary_data_size":2}'),
      "003c",
      'output "y" is FP16, which JSON cannot hold; ask for it as binary data with parameters.binary_data',
    ],
    [
      "bytes that JSON cannot hold",
      "identity_string",
      x('"datatype":"BYTES","shape":[1,1],"parameters":{"binary_data_size":5}'),
      "01000000ff",
      'element 0 of output "y" is not UTF-8, so JSON cannot hold it; ask for it as binary data with parameters.binary_data',
    ],
  ];
  test.each(binaries)("%s", async (_, ...[model, body, blob, error]) => {
    expect(await client.infer(model, body, blob)).toBe(refusal(error));
  });

  test("JSON that is not UTF-8", async () => {
    const body = Buffer.concat([Buffer.from('{"id":"'), Buffer.of(0xff), Buffer.from('"}')]);
    expect(await client.exchange({ target: "/v2/models/simple/infer", body })).toBe(
      refusal("the JSON of the request is not UTF-8"),
    );
  });

  test.each(["-1", "1e1", "0x4", "5", "99999999999999999999", "4, 4", ""])("the header length %j", async (value) => {
    const headers = { "inference-header-content-length": value };
    expect(await client.exchange({ target: "/v2/models/simple/infer", body: "{}{}", headers })).toBe(
      refusal(`Inference-Header-Content-Length is ${value}; must be a whole number up to 4, the bytes of the body`),
    );
  });

  test("an error message has at most 2048 characters", async () => {
    const answer = await client.infer(
      "identity_float",
      `{"inputs":[{"name":"${"z".repeat(100_000)}",${float},"data":[1,2]}]}`,
    );
    expect(answer).toMatch(/^400 \{"error":"inputs\[0\]: the model has no input \\"z+…"\}$/);
    expect(answer.length).toBeLessThan(2100);
  });
});

describe("requests with bytes changed, removed and inserted", () => {
  const json = '{"id":"a","parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[1,2],"datatype":"';
  const bases: readonly (readonly [string, string, string])[] = [
    [
      "identity_float",
      `${json}FP32","data":[[1.5,-2e3]]}],"outputs":[{"name":"y","parameters":{"binary_data":false}}]}`,
      "",
    ],
    ["identity_int64", `${json}INT64","data":[9223372036854775807,-1]}]}`, ""],
    ["identity_string", `${json}BYTES","data":["a","\\u00e9\\ud83d\\ude00"]}]}`, ""],
    ["identity_string", `${json}BYTES","parameters":{"binary_data_size":10}}]}`, "01000000610100000062"],
    ["identity_float", `${json}FP32","parameters":{"binary_data_size":8}}]}`, "0000803f00000040"],
  ];
  const mutations = fc.array(
    fc.record({
      at: fc.nat({ max: 250 }),
      cut: fc.integer({ min: 0, max: 4 }),
      put: fc.oneof(
        fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
        fc
          .constantFrom(
            "{",
            "[",
            "]",
            "}",
            '"',
            ",",
            ":",
            "-",
            "9",
            "NaN",
            "null",
            "[[]]",
            "__proto__",
            "1e999",
            "\\ud800",
          )
          .map((text) => Buffer.from(text)),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  );

  test.each(bases)("are answered or refused, never failed: %s %s", async (model, base, blob) => {
    await fc.assert(
      fc.asyncProperty(mutations, fc.integer({ min: -2, max: 2 }), async (changes, shift) => {
        let body = Buffer.concat([Buffer.from(base), Buffer.from(blob, "hex")]);
        for (const { at, cut, put } of changes)
          body = Buffer.concat([body.subarray(0, at), put, body.subarray(at + cut)]);
        const headers = blob === "" ? {} : { "inference-header-content-length": String(base.length + shift) };
        const { status } = await client.send({ target: `/v2/models/${model}/infer`, body, headers });
        expect([200, 400]).toContain(status);
      }),
      { numRuns: 500 },
    );
  });
});
