import type { BodyCase } from "./raw-body.ts";

const infer = (body: string | Uint8Array<ArrayBuffer>, to = "digits"): Omit<BodyCase, "want"> => ({
  to: `/v2/models/${to}/infer`,
  body,
});
const tensor = (text: string): string => `{"inputs":[{${text}}]}`;
const features = `"name":"features","datatype":"FP32"`;
const zeros = `${"0,".repeat(63)}0`;
/** A body of JSON followed by bytes; `length` is the header's value. */
const binary = (
  json: string,
  bytes: number,
  length: string | number = json.length,
  to = "digits",
): Omit<BodyCase, "want"> => ({
  ...infer(new Uint8Array(Buffer.concat([Buffer.from(json), Buffer.alloc(bytes)])), to),
  headers: { "inference-header-content-length": String(length), "content-type": "application/octet-stream" },
});
const sized = (size: string | number, shape = "[1,64]"): string =>
  tensor(`${features},"shape":${shape},"parameters":{"binary_data_size":${size}}`);

/** Bodies in the format of the Open Inference Protocol. */
export const tensorBodies: Readonly<Record<string, BodyCase>> = {
  "no inputs": { ...infer("{}"), want: '400 {"error":"inputs is missing; must be a list of tensors"}' },
  "inputs that are an object": {
    ...infer('{"inputs":{}}'),
    want: '400 {"error":"inputs is an object; must be a list of objects"}',
  },
  "inputs that are empty": {
    ...infer('{"inputs":[]}'),
    want: '400 {"error":"input \\"features\\" is missing; the model\'s inputs are \\"features\\""}',
  },
  "an input that is null": {
    ...infer('{"inputs":[null]}'),
    want: '400 {"error":"inputs[0] is null; must be an object"}',
  },
  "an input twice": {
    ...infer(
      `{"inputs":[{${features},"shape":[1,64],"data":[${zeros}]},{${features},"shape":[1,64],"data":[${zeros}]}]}`,
    ),
    want: '400 {"error":"inputs[1] gives input \\"features\\" a second time; each input may be given once"}',
  },
  "an unknown input": {
    ...infer(tensor('"name":"x","datatype":"FP32","shape":[1],"data":[1]')),
    want: '400 {"error":"inputs[0]: the model has no input \\"x\\"; its inputs are \\"features\\""}',
  },
  "an input named __proto__": {
    ...infer(tensor('"name":"__proto__","datatype":"FP32","shape":[1],"data":[1]')),
    want: '400 {"error":"inputs[0]: the model has no input \\"__proto__\\"; its inputs are \\"features\\""}',
  },
  "a name that is a number": {
    ...infer(tensor('"name":1,"datatype":"FP32","shape":[1],"data":[1]')),
    want: '400 {"error":"inputs[0].name is 1; must be a string"}',
  },
  "an unknown datatype": {
    ...infer(tensor('"name":"features","datatype":"FP8","shape":[1,64],"data":[1]')),
    want: '400 {"error":"inputs[0].datatype is \\"FP8\\"; must be one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES, COMPLEX64, COMPLEX128"}',
  },
  "a datatype named constructor": {
    ...infer(tensor('"name":"features","datatype":"constructor","shape":[1,64],"data":[1]')),
    want: '400 {"error":"inputs[0].datatype is \\"constructor\\"; must be one of BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES, COMPLEX64, COMPLEX128"}',
  },
  "a datatype of another type": {
    ...infer(tensor('"name":"features","datatype":"INT8","shape":[1,64],"data":[1]')),
    want: '400 {"error":"inputs[0].datatype is INT8; must be FP32"}',
  },
  "no shape": {
    ...infer(tensor(`${features},"data":[${zeros}]`)),
    want: '400 {"error":"inputs[0].shape is missing; must be a list of at most 64 whole numbers from 0"}',
  },
  "a shape that is a text": {
    ...infer(tensor(`${features},"shape":"1,64","data":[${zeros}]`)),
    want: '400 {"error":"inputs[0].shape is \\"1,64\\"; must be a list of at most 64 whole numbers from 0"}',
  },
  "a shape with a fraction": {
    ...infer(tensor(`${features},"shape":[1.5,64],"data":[${zeros}]`)),
    want: '400 {"error":"inputs[0].shape[0] is 1.5; must be a whole number from 0"}',
  },
  "a shape below zero": {
    ...infer(tensor(`${features},"shape":[-1,64],"data":[${zeros}]`)),
    want: '400 {"error":"inputs[0].shape[0] is -1; must be a whole number from 0"}',
  },
  "a shape with a zero": {
    ...infer(tensor(`${features},"shape":[0,64],"data":[]`)),
    want: '200 {"model_name":"digits","model_version":"1","outputs":[{"name":"output_0","datatype":"FP32","shape":[0,10],"data":[]}]}',
  },
  "a shape whose product is beyond 2^53": {
    ...infer(tensor(`${features},"shape":[4294967296,4294967296],"data":[1]`)),
    want: '400 {"error":"inputs[0].shape is [4294967296,4294967296]: more elements than there can be"}',
  },
  "a shape whose product wraps to the number of elements": {
    ...infer(tensor(`${features},"shape":[4611686018427387905,64],"data":[${zeros}]`)),
    want: '400 {"error":"inputs[0].shape[0] is 4611686018427387905; must be a whole number from 0"}',
  },
  "a shape of 1e308": {
    ...infer(tensor(`${features},"shape":[1e308,64],"data":[1]`)),
    want: '400 {"error":"inputs[0].shape[0] is 1e+308; must be a whole number from 0"}',
  },
  "a shape of 254 dimensions": {
    ...infer(tensor(`${features},"shape":[${"1,".repeat(253)}64],"data":[${zeros}]`)),
    want: '400 {"error":"inputs[0].shape is a list of 254; must be a list of at most 64 whole numbers from 0"}',
  },
  "a shape of a million dimensions": {
    ...infer(tensor(`${features},"shape":[${"1,".repeat(1_000_000)}64],"data":[1]`)),
    want: '400 {"error":"inputs[0].shape is a list of 1000001; must be a list of at most 64 whole numbers from 0"}',
  },
  "less data than the shape says": {
    ...infer(tensor(`${features},"shape":[1,64],"data":[1]`)),
    want: '400 {"error":"inputs[0].data has 1 elements; shape [1,64] needs 64"}',
  },
  "more data than the shape says": {
    ...infer(tensor(`${features},"shape":[1,64],"data":[${zeros},1]`)),
    want: '400 {"error":"inputs[0].data has 65 elements; shape [1,64] needs 64"}',
  },
  "no data": {
    ...infer(tensor(`${features},"shape":[1,64]`)),
    want: '400 {"error":"inputs[0].data is missing; must be a list of the elements, unless parameters.binary_data_size is given"}',
  },
  "data that is an object": {
    ...infer(tensor(`${features},"shape":[1,64],"data":{"length":64}`)),
    want: '400 {"error":"inputs[0].data is an object; must be a list of the elements"}',
  },
  "data 40 lists deep": {
    ...infer(tensor(`${features},"shape":[1,64],"data":${"[".repeat(40)}1${"]".repeat(40)}`)),
    want: '400 {"error":"inputs[0].data has 1 elements; shape [1,64] needs 64"}',
  },
  "strings as data": {
    ...infer(tensor(`${features},"shape":[1,64],"data":["1"]`)),
    want: '400 {"error":"inputs[0].data has 1 elements; shape [1,64] needs 64"}',
  },
  "null as data": {
    ...infer(tensor(`${features},"shape":[1,1],"data":[null]`)),
    want: '400 {"error":"element 0 of inputs[0].data is null; must be a number"}',
  },
  "data twice": {
    ...infer(tensor(`${features},"shape":[1,64],"data":[1],"data":[${zeros}]`)),
    want: '400 {"error":"inputs[0].data is given twice; must be given once"}',
  },
  "an integer beyond its type": {
    ...infer(tensor('"name":"INPUT0","datatype":"INT32","shape":[1,1],"data":[4294967296]'), "simple"),
    want: '400 {"error":"element 0 of inputs[0].data is 4294967296; must be a whole number from -2147483648 to 2147483647"}',
  },
  "an unknown output": {
    ...infer(`{"inputs":[{${features},"shape":[1,64],"data":[${zeros}]}],"outputs":[{"name":"__proto__"}]}`),
    want: '400 {"error":"outputs[0]: the model has no output \\"__proto__\\"; its outputs are \\"output_0\\""}',
  },
  "outputs that are a text": {
    ...infer(`{"inputs":[{${features},"shape":[1,64],"data":[${zeros}]}],"outputs":"a"}`),
    want: '400 {"error":"outputs is \\"a\\"; must be a list of objects"}',
  },
  "shared memory": {
    ...infer(
      tensor(
        `${features},"shape":[1,64],"parameters":{"shared_memory_region":"/dev/mem","shared_memory_byte_size":256}`,
      ),
    ),
    want: '400 {"error":"inputs[0].parameters.shared_memory_region belongs to the shared memory extension, which this server does not support"}',
  },
  "parameters that are a list": {
    ...infer(tensor(`${features},"shape":[1,64],"parameters":[],"data":[1]`)),
    want: '400 {"error":"inputs[0].parameters is a list of 0; must be an object"}',
  },
  "an id that is an object": {
    ...infer(`{"id":{},"inputs":[]}`),
    want: '400 {"error":"id is an object; must be a string"}',
  },
  "a header longer than the body": {
    ...binary(sized(256), 256, 100_000),
    want: '400 {"error":"Inference-Header-Content-Length is 100000; must be a whole number up to 359, the bytes of the body"}',
  },
  "a header that ends in the middle of its JSON": {
    ...binary(sized(256), 256, 10),
    want: '400 {"error":"JSON Parse error: Invalid value. at offset: 10"}',
  },
  "a header of zero bytes": {
    ...binary(sized(256), 256, 0),
    want: '400 {"error":"the body has 359 bytes, which does not fit input \\"features\\" of shape [-1,64] of FP32"}',
  },
  "a header below zero": {
    ...binary(sized(256), 256, -1),
    want: '400 {"error":"Inference-Header-Content-Length is -1; must be a whole number up to 359, the bytes of the body"}',
  },
  "a header length that is no number": {
    ...binary(sized(256), 256, "1e2"),
    want: '400 {"error":"Inference-Header-Content-Length is 1e2; must be a whole number up to 359, the bytes of the body"}',
  },
  "a header beyond 2^64": {
    ...binary(sized(256), 256, "18446744073709551616"),
    want: '400 {"error":"Inference-Header-Content-Length is 18446744073709551616; must be a whole number up to 359, the bytes of the body"}',
  },
  "fewer bytes than binary_data_size": {
    ...binary(sized(256), 100),
    want: '400 {"error":"inputs[0].parameters.binary_data_size is 256; the body has 100 bytes left after its JSON and the inputs before; Inference-Header-Content-Length must tell where the JSON ends"}',
  },
  "more bytes than binary_data_size": {
    ...binary(sized(256), 300),
    want: '400 {"error":"the body has 44 bytes more than the inputs\' binary_data_size add up to"}',
  },
  "a binary_data_size that is not the shape's": {
    ...binary(sized(128), 128),
    want: '400 {"error":"inputs[0].parameters.binary_data_size is 128; shape [1,64] of FP32 needs 256 bytes"}',
  },
  "a binary_data_size below zero": {
    ...binary(sized(-256), 256),
    want: '400 {"error":"inputs[0].parameters.binary_data_size is -256; must be a whole number of bytes"}',
  },
  "a binary_data_size of 2^53": {
    ...binary(sized("9007199254740993"), 256),
    want: '400 {"error":"inputs[0].parameters.binary_data_size is 9007199254740993; must be a whole number of bytes"}',
  },
  "a binary_data_size with a fraction": {
    ...binary(sized("256.5"), 256),
    want: '400 {"error":"inputs[0].parameters.binary_data_size is 256.5; must be a whole number of bytes"}',
  },
  "a binary_data_size that is a text": {
    ...binary(sized('"256"'), 256),
    want: '400 {"error":"inputs[0].parameters.binary_data_size is \\"256\\"; must be a whole number of bytes"}',
  },
  "a shape beyond memory with bytes for one row": {
    ...binary(sized(256, "[16777216,64]"), 256),
    want: '400 {"error":"inputs[0].parameters.binary_data_size is 256; shape [16777216,64] of FP32 needs 4294967296 bytes"}',
  },
  "bytes and data": {
    ...binary(tensor(`${features},"shape":[1,64],"data":[${zeros}],"parameters":{"binary_data_size":256}`), 256),
    want: '400 {"error":"inputs[0] has both data and parameters.binary_data_size; must have one of them"}',
  },
  "texts whose lengths lead out of the bytes": {
    ...binary(
      tensor('"name":"x","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":8}').replace(
        '"x"',
        '"input_0"',
      ),
      8,
      undefined,
      "identity_string",
    ),
    want: '400 {"error":"inputs[0] holds 2 elements; shape [1] needs another number"}',
  },
  "a JSON body declared as binary": {
    ...infer(`{"inputs":[{${features},"shape":[1,64],"data":[${zeros}]}]}`),
    headers: { "inference-header-content-length": "5" },
    want: '400 {"error":"JSON Parse error: Missing a closing quotation mark in string. at offset: 5"}',
  },
};
