import { type ConnectionCase, body, get, post } from "./raw-request.ts";

/** Headers that are too large, too many, or missing. */
export const headers: Readonly<Record<string, ConnectionCase>> = {
  "a header of 17 KB": { sends: [get("/v2", `x: ${"a".repeat(17_000)}\r\n`)], want: /^(?:431\n)?closed$/ },
  "a header of 10 MB": { sends: [get("/v2", `x: ${"a".repeat(10_000_000)}\r\n`)], want: /^(?:431\n)?closed$/ },
  "a name of a header of 17 KB": { sends: [get("/v2", `${"x".repeat(17_000)}: a\r\n`)], want: /^(?:431\n)?closed$/ },
  "ten thousand headers": { sends: [get("/v2", "a: b\r\n".repeat(10_000))], want: /^(?:431\n)?closed$/ },
  "two thousand empty headers": { sends: [get("/v2", "a:\r\n".repeat(2_000))], want: "431\nclosed" },
  "a folded header": { sends: [get("/v2", "x: a\r\n b\r\n")], want: "400\nclosed" },
  "a folded transfer-encoding": {
    sends: [post(`transfer-encoding:\r\n chunked\r\n`, `0\r\n\r\n`)],
    want: "400\nclosed",
  },
  "NUL in a header": { sends: [get("/v2", "x: a\0b\r\n")], want: "400\nclosed" },
  "NUL in the name of a header": { sends: [get("/v2", "x\0: a\r\n")], want: "400\nclosed" },
  "a carriage return in a header": { sends: [get("/v2", "x: a\rb\r\n")], want: "400\nclosed" },
  "a header without a colon": { sends: [get("/v2", "x\r\n")], want: "400\nclosed" },
  "a header without a name": { sends: [get("/v2", ": a\r\n")], want: "400\nclosed" },
  "bytes above 127 in a header": {
    sends: [get("/v2", "x: \u00ff\u{1f600}\r\n")],
    want: '200 {"name":"modelwright","version":"0.1.0","extensions":["classification","binary_tensor_data","model_repository","model_configuration","statistics"]}\nopen',
  },
  "no host": { sends: ["GET /v2 HTTP/1.1\r\n\r\n"], want: /^400\n/ },
  "two hosts": {
    sends: [get("/v2", "host: b\r\n")],
    want: '200 {"name":"modelwright","version":"0.1.0","extensions":["classification","binary_tensor_data","model_repository","model_configuration","statistics"]}\nopen',
  },
  "__proto__ as a header": {
    sends: [get("/v2", "__proto__: a\r\nconstructor: b\r\n")],
    want: '200 {"name":"modelwright","version":"0.1.0","extensions":["classification","binary_tensor_data","model_repository","model_configuration","statistics"]}\nopen',
  },
  "an expectation nobody can meet": {
    sends: [post("expect: 200-maybe\r\ncontent-length: 16\r\n", body)],
    want: /^417\n/,
  },
  "an upgrade to HTTP/2": {
    sends: [
      get("/v2", "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"),
    ],
    want: '200 {"name":"modelwright","version":"0.1.0","extensions":["classification","binary_tensor_data","model_repository","model_configuration","statistics"]}\nopen',
  },
  "an upgrade to a WebSocket": {
    sends: [
      get(
        "/v2",
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n",
      ),
    ],
    want: '200 {"name":"modelwright","version":"0.1.0","extensions":["classification","binary_tensor_data","model_repository","model_configuration","statistics"]}\nopen',
  },
  "a content-encoding nobody knows": {
    sends: [post("content-encoding: br\r\ncontent-length: 16\r\n", body)],
    want: '415 { "error": "content-encoding is br; must be gzip, deflate, zstd or identity" }\nopen',
  },
  "two content-encodings": {
    sends: [post("content-encoding: gzip, gzip\r\ncontent-length: 16\r\n", body)],
    want: '415 { "error": "content-encoding is gzip, gzip; must be gzip, deflate, zstd or identity" }\nopen',
  },
  "a content-encoding named __proto__": {
    sends: [post("content-encoding: __proto__\r\ncontent-length: 16\r\n", body)],
    want: '415 { "error": "content-encoding is __proto__; must be gzip, deflate, zstd or identity" }\nopen',
  },
  "invalid gzip": {
    sends: [post("content-encoding: gzip\r\ncontent-length: 16\r\n", body)],
    want: '400 { "error": "the request body is not valid gzip: incorrect header check" }\nopen',
  },
  "invalid zstd": {
    sends: [post("content-encoding: zstd\r\ncontent-length: 16\r\n", body)],
    want: '400 { "error": "the request body is not valid zstd: Unknown frame descriptor" }\nopen',
  },
  "invalid deflate": {
    sends: [post("content-encoding: deflate\r\ncontent-length: 16\r\n", body)],
    want: '400 { "error": "the request body is not valid deflate: incorrect header check" }\nopen',
  },
};
