import type { BodyCase } from "./raw-body.ts";

const row = `[${"0,".repeat(63)}0]`;
const rows = `[${row}]`;
const tfs = (body: string | Uint8Array<ArrayBuffer>, to = "digits"): Omit<BodyCase, "want"> => ({
  to: `/v1/models/${to}:predict`,
  body,
});

/** Bodies in TensorFlow Serving's formats. */
export const rowBodies: Readonly<Record<string, BodyCase>> = {
  "no bytes at all": { ...tfs(""), want: '400 { "error": "JSON Parse error: The document is empty" }' },
  "a byte order mark": {
    ...tfs(`\ufeff{"instances":${rows}}`),
    want: '200 {\n    "predictions": [[0.114458203, 0.0728240088, 0.0987401828, 0.093561478, 0.113709062, 0.110706128, 0.105854116, 0.125419244, 0.0798982, 0.0848293751]]\n}',
  },
  "UTF-16": {
    ...tfs(new Uint8Array(Buffer.from(`{"instances":${rows}}`, "utf16le"))),
    want: '400 { "error": "JSON Parse error: Missing a name for object member. at offset: 1" }',
  },
  "no UTF-8": {
    ...tfs(new Uint8Array(Buffer.from('{"instances":"\xff\xfe"}', "latin1"))),
    want: '400 { "error": "JSON Parse error: Invalid encoding in string. at offset: 14" }',
  },
  "a list": {
    ...tfs(rows),
    want: '400 { "error": "JSON Value: [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] Is not object" }',
  },
  null: { ...tfs("null"), want: '400 { "error": "JSON Value: null Is not object" }' },
  "an object without instances": { ...tfs("{}"), want: "400 { \"error\": \"Missing 'inputs' or 'instances' key\" }" },
  "instances that are null": {
    ...tfs('{"instances":null}'),
    want: '400 { "error": "JSON Value: {\\n    \\"instances\\": null\\n} Expecting \'instances\' to be an list/array" }',
  },
  "instances that are an object": {
    ...tfs('{"instances":{"length":1e9}}'),
    want: '400 { "error": "JSON Value: {\\n    \\"instances\\": {\\n        \\"length\\": 1000000000.0\\n    }\\n} Expecting \'instances\' to be an list/array" }',
  },
  "instances and inputs": {
    ...tfs(`{"instances":${rows},"inputs":${rows}}`),
    want: /^400 \{ "error": "JSON Value: \{\\n    \\"instances\\": \[\[0, 0, 0,[^]*inputs' or 'instances' keys to exist " \}$/,
  },
  "instances twice": {
    ...tfs(`{"instances":${rows},"instances":[[1]]}`),
    want: '400 { "error": "instances is given twice; must be given once" }',
  },
  "instances twice, once with an escape": {
    ...tfs(`{"instances":${rows},"inst\\u0061nces":[[1]]}`),
    want: '400 { "error": "instances is given twice; must be given once" }',
  },
  "a row that names an input twice": {
    ...tfs('{"instances":[{"INPUT0":[1],"INPUT0":[2],"INPUT1":[3]}]}', "simple"),
    want: '400 { "error": "instances[0].INPUT0 is given twice; must be given once" }',
  },
  "an input twice in columns": {
    ...tfs(`{"inputs":{"features":${rows},"features":[[1]]}}`),
    want: '400 { "error": "inputs.features is given twice; must be given once" }',
  },
  "a row with an unknown input": {
    ...tfs('{"instances":[{"INPUT0":[1],"__proto__":[2]}]}', "simple"),
    want: '400 { "error": "Failed to process element: 0 key: __proto__ of \'instances\' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: __proto__" }',
  },
  "__proto__ with instances": {
    ...tfs(`{"__proto__":{"instances":${rows}}}`),
    want: "400 { \"error\": \"Missing 'inputs' or 'instances' key\" }",
  },
  "constructor with a prototype": {
    ...tfs(`{"constructor":{"prototype":{"instances":${rows}}}}`),
    want: "400 { \"error\": \"Missing 'inputs' or 'instances' key\" }",
  },
  "__proto__ as an input": {
    ...tfs('{"inputs":{"__proto__":[[1]]}}'),
    want: '400 { "error": "Missing named input: features in \'inputs\' object." }',
  },
  "a signature named __proto__": {
    ...tfs(`{"signature_name":"__proto__","instances":${rows}}`),
    want: '400 { "error": "Serving signature name: \\"__proto__\\" not found in signature def" }',
  },
  "a signature named toString": {
    ...tfs(`{"signature_name":"toString","instances":${rows}}`),
    want: '400 { "error": "Serving signature name: \\"toString\\" not found in signature def" }',
  },
  "a signature that is a list": {
    ...tfs(`{"signature_name":["a"],"instances":${rows}}`),
    want: '400 { "error": "JSON Value: {\\n    \\"signature_name\\": [\\"a\\"],\\n    \\"instances\\": [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]\\n} not formatted correctly. \'signature_name\' key must be a string value." }',
  },
  "a lone surrogate in a name": {
    ...tfs('{"inputs":{"\\ud800":[[1]]}}'),
    want: '400 { "error": "JSON Parse error: The surrogate pair in string is invalid. at offset: 12" }',
  },
  "a lone surrogate in a value": {
    ...tfs('{"instances":["\\udfff"]}'),
    want: '400 { "error": "JSON Parse error: The surrogate pair in string is invalid. at offset: 15" }',
  },
  "NUL in a name": {
    ...tfs('{"inputs":{"features\\u0000":[[1]]}}'),
    want: '400 { "error": "Missing named input: features in \'inputs\' object." }',
  },
  "lists 33 deep": {
    ...tfs(`{"instances":${"[".repeat(33)}1${"]".repeat(33)}}`),
    want: '400 { "error": "instances has shape [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]; must be [-1,64]" }',
  },
  "lists a million deep": {
    ...tfs(`{"instances":${"[".repeat(1_000_000)}`),
    want: '400 { "error": "JSON Parse error: Nested deeper than 32 levels. at offset: 44" }',
  },
  "objects a million deep": {
    ...tfs('{"a":'.repeat(1_000_000)),
    want: '400 { "error": "JSON Parse error: Nested deeper than 32 levels. at offset: 160" }',
  },
  "ragged rows": {
    ...tfs(`{"instances":[${row},[1]]}`),
    want: '400 { "error": "Failed to process element: 1 of \'instances\' list. Error: INVALID_ARGUMENT: Expecting tensor size: 64 but got: 1" }',
  },
  "rows of unlike depth": {
    ...tfs(`{"instances":[${row},${rows}]}`),
    want: '400 { "error": "Failed to process element: 1 of \'instances\' list. Error: INVALID_ARGUMENT: Expecting shape [64] but got: [1,64]" }',
  },
  "a row that is a number": {
    ...tfs('{"instances":[1]}'),
    want: '400 { "error": "instances has shape [1]; must be [-1,64]" }',
  },
  "empty rows": {
    ...tfs('{"instances":[[],[]]}'),
    want: '400 { "error": "instances has shape [2,0]; must be [-1,64]" }',
  },
  NaN: { ...tfs('{"instances":[[NaN]]}'), want: '400 { "error": "instances has shape [1,1]; must be [-1,64]" }' },
  "1e999": {
    ...tfs('{"instances":[[1e999]]}'),
    want: '400 { "error": "JSON Parse error: Number too big to be stored in double. at offset: 15" }',
  },
  "a number of a million digits": {
    ...tfs(`{"instances":[[${"9".repeat(1_000_000)}]]}`),
    want: '400 { "error": "JSON Parse error: Number too big to be stored in double. at offset: 15" }',
  },
  "a number with leading zeros": {
    ...tfs('{"instances":[[007]]}'),
    want: '400 { "error": "JSON Parse error: Missing a comma or ] after an array element. at offset: 16" }',
  },
  "a number in hexadecimal": {
    ...tfs('{"instances":[[0x10]]}'),
    want: '400 { "error": "JSON Parse error: Missing a comma or ] after an array element. at offset: 16" }',
  },
  "a number with a plus": {
    ...tfs('{"instances":[[+1]]}'),
    want: '400 { "error": "JSON Parse error: Invalid value. at offset: 15" }',
  },
  "a comma too many": {
    ...tfs('{"instances":[[1,]]}'),
    want: '400 { "error": "JSON Parse error: Invalid value. at offset: 17" }',
  },
  "a comment": {
    ...tfs('{"instances":[[1]] /* a */}'),
    want: '400 { "error": "JSON Parse error: Missing a comma or } after an object member. at offset: 19" }',
  },
  "single quotes": {
    ...tfs("{'instances':[[1]]}"),
    want: '400 { "error": "JSON Parse error: Missing a name for object member. at offset: 1" }',
  },
  "text after the end": {
    ...tfs(`{"instances":${rows}} {"instances":1}`),
    want: '200 {\n    "predictions": [[0.114458203, 0.0728240088, 0.0987401828, 0.093561478, 0.113709062, 0.110706128, 0.105854116, 0.125419244, 0.0798982, 0.0848293751]]\n}',
  },
  "an unterminated string": {
    ...tfs('{"instances":"a'),
    want: '400 { "error": "JSON Parse error: Missing a closing quotation mark in string. at offset: 15" }',
  },
  "an invalid escape": {
    ...tfs('{"instances":"\\x41"}'),
    want: '400 { "error": "JSON Parse error: Invalid escape character in string. at offset: 14" }',
  },
  "a line break in a text": {
    ...tfs('{"instances":"a\nb"}'),
    want: '400 { "error": "JSON Parse error: Invalid encoding in string. at offset: 15" }',
  },
  "b64 where a float belongs": {
    ...tfs('{"instances":[{"b64":"AAAA"}]}'),
    want: '400 { "error": "Failed to process element: 0 of \'instances\' list. Error: INVALID_ARGUMENT: JSON Value: {\\n    \\"b64\\": \\"AAAA\\"\\n} Type: Object is not of expected type: float" }',
  },
  "invalid b64": {
    ...tfs('{"instances":[{"b64":"*"}]}', "identity_string"),
    want: '400 { "error": "Failed to process element: 0 of \'instances\' list. Error: INVALID_ARGUMENT: Unable to base64 decode" }',
  },
  "b64 of a wrong length": {
    ...tfs('{"instances":[{"b64":"AAAAA"}]}', "identity_string"),
    want: '400 { "error": "Failed to process element: 0 of \'instances\' list. Error: INVALID_ARGUMENT: Unable to base64 decode" }',
  },
  "b64 that is a number": {
    ...tfs('{"instances":[{"b64":1}]}', "identity_string"),
    want: '400 { "error": "Failed to process element: 0 key: b64 of \'instances\' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: b64" }',
  },
  "b64 and something else": {
    ...tfs('{"instances":[{"b64":"AAAA","a":1}]}', "identity_string"),
    want: '400 { "error": "Failed to process element: 0 key: b64 of \'instances\' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: b64" }',
  },
  "an integer beyond 64 bits": {
    ...tfs('{"instances":[9223372036854775808]}', "identity_int64"),
    want: '400 { "error": "Failed to process element: 0 of \'instances\' list. Error: INVALID_ARGUMENT: JSON Value: 9223372036854775808 Type: Number is not of expected type: int64" }',
  },
  "a fraction for an integer": {
    ...tfs('{"instances":[1.5]}', "identity_int64"),
    want: '400 { "error": "Failed to process element: 0 of \'instances\' list. Error: INVALID_ARGUMENT: JSON Value: 1.5 Type: Number is not of expected type: int64" }',
  },
  "an exponent for an integer": {
    ...tfs('{"instances":[1e400]}', "identity_int64"),
    want: '400 { "error": "JSON Parse error: Number too big to be stored in double. at offset: 14" }',
  },
  "a number for a bool": {
    ...tfs('{"instances":[1]}', "identity_bool"),
    want: '400 { "error": "Failed to process element: 0 of \'instances\' list. Error: INVALID_ARGUMENT: JSON Value: 1 Type: Number is not of expected type: bool" }',
  },
  "a million rows too small": {
    ...tfs(`{"instances":[${"1,".repeat(1_000_000)}1]}`),
    want: '400 { "error": "instances has shape [1000001]; must be [-1,64]" }',
  },
  "a million empty objects": {
    ...tfs(`{"instances":[${"{},".repeat(1_000_000)}{}]}`),
    want: '400 { "error": "JSON Parse error: More than 250000 values. at offset: 750005" }',
  },
  "a hundred thousand names": {
    ...tfs(`{"inputs":{${Array.from({ length: 100_000 }, (_, i) => `"n${i}":1`).join(",")}}}`),
    want: '400 { "error": "Missing named input: features in \'inputs\' object." }',
  },
  "a body of 8 MiB and one byte": {
    ...tfs(" ".repeat(8 * 1024 * 1024 + 1)),
    want: '413 { "error": "the request body has 8388609 bytes; must have 8388608 at most; send fewer instances at a time, or raise spec.serving.limits.bodyBytes" }',
  },
  "8 MiB of blanks": {
    ...tfs(" ".repeat(8 * 1024 * 1024)),
    want: '400 { "error": "JSON Parse error: The document is empty. at offset: 8388608" }',
  },
  "classify, for a model that knows no examples": {
    to: "/v1/models/digits:classify",
    body: '{"examples":[{"__proto__":1}]}',
    want: '400 { "error": "No classification inputs found in SignatureDef: serving_default" }',
  },
  "regress without examples": {
    to: "/v1/models/digits:regress",
    body: "{}",
    want: '400 { "error": "JSON Value: {} When method is classify, key \'examples\' is expected and was not found" }',
  },
  "a form": {
    ...tfs("instances=1"),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    want: '400 { "error": "JSON Parse error: Invalid value. at offset: 0" }',
  },
};
