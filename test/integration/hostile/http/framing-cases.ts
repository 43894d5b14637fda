import { type ConnectionCase, body, chunked, post, smuggled } from "./raw-request.ts";

/** Request framing. */
export const framing: Readonly<Record<string, ConnectionCase>> = {
  "two content-lengths that differ": {
    sends: [post(`content-length: 16\r\ncontent-length: 17\r\n`, body)],
    want: "400\nclosed",
  },
  "two content-lengths that agree": {
    sends: [post(`content-length: 16\r\ncontent-length: 16\r\n`, body)],
    want: "400\nclosed",
  },
  "two content-lengths in one header": { sends: [post(`content-length: 16, 16\r\n`, body)], want: "400\nclosed" },
  "a content-length with a plus": { sends: [post(`content-length: +16\r\n`, body)], want: "400\nclosed" },
  "a content-length below zero": { sends: [post(`content-length: -1\r\n`, body)], want: "400\nclosed" },
  "a content-length in hexadecimal": { sends: [post(`content-length: 0x10\r\n`, body)], want: "400\nclosed" },
  "a content-length with a fraction": { sends: [post(`content-length: 16.0\r\n`, body)], want: "400\nclosed" },
  "a content-length with an exponent": { sends: [post(`content-length: 1e1\r\n`, body)], want: "400\nclosed" },
  "a content-length that is empty": { sends: [post(`content-length: \r\n`, body)], want: "400\nclosed" },
  "a content-length beyond 2^64": {
    sends: [post(`content-length: 18446744073709551632\r\n`, body)],
    want: "400\nclosed",
  },
  "a content-length of 2^63": {
    sends: [post(`content-length: 9223372036854775808\r\n`, body)],
    want: '413 { "error": "the request body has 9223372036854776000 bytes; must have 8388608 at most; send fewer instances at a time, or raise spec.serving.limits.bodyBytes" }\nclosed',
  },
  "a content-length with blanks inside": { sends: [post(`content-length: 1 6\r\n`, body)], want: "400\nclosed" },
  "a body shorter than its length": { sends: [post(`content-length: 100\r\n`, body)], want: "open" },
  "a request hidden behind the body": {
    sends: [post(`content-length: 16\r\n`, body + smuggled)],
    want: '400 { "error": "JSON Value: {\\n    \\"instances\\": []\\n} No values in \'instances\' array" }\n404 { "error": "Could not find any versions of model smuggled" }\nopen',
  },
  "content-length and transfer-encoding (CL.TE)": {
    sends: [post(`content-length: 5\r\n${chunked}`, `0\r\n\r\n${smuggled}`)],
    want: "400\nclosed",
  },
  "transfer-encoding and content-length (TE.CL)": {
    sends: [post(`${chunked}content-length: 4\r\n`, `10\r\n${body}\r\n0\r\n\r\n${smuggled}`)],
    want: "400\nclosed",
  },
  "two transfer-encodings (TE.TE)": {
    sends: [post(`${chunked}${chunked}`, `0\r\n\r\n${smuggled}`)],
    want: "400\nclosed",
  },
  "chunked that is not the last encoding": {
    sends: [post(`transfer-encoding: chunked, identity\r\n`, `0\r\n\r\n${smuggled}`)],
    want: "400\nclosed",
  },
  "chunked twice in one header": {
    sends: [post(`transfer-encoding: chunked, chunked\r\n`, `0\r\n\r\n`)],
    want: "400\nclosed",
  },
  "gzip as a transfer-encoding": { sends: [post(`transfer-encoding: gzip\r\n`, body)], want: "400\nclosed" },
  "gzip, then chunked": {
    sends: [post(`transfer-encoding: gzip, chunked\r\n`, `10\r\n${body}\r\n0\r\n\r\n`)],
    want: '400 { "error": "JSON Value: {\\n    \\"instances\\": []\\n} No values in \'instances\' array" }\nopen',
  },
  "a transfer-encoding nobody knows": { sends: [post(`transfer-encoding: xchunked\r\n`, body)], want: "400\nclosed" },
  "a vertical tab before chunked": {
    sends: [post(`transfer-encoding: \vchunked\r\n`, `0\r\n\r\n`)],
    want: "400\nclosed",
  },
  "a blank before the colon": { sends: [post(`transfer-encoding : chunked\r\n`, `0\r\n\r\n`)], want: "400\nclosed" },
  "a chunk size that is no number": { sends: [post(chunked, `zz\r\n${body}\r\n0\r\n\r\n`)], want: "400\nclosed" },
  "a chunk size below zero": { sends: [post(chunked, `-1\r\n${body}\r\n0\r\n\r\n`)], want: "400\nclosed" },
  "a chunk size of 2^64": { sends: [post(chunked, `10000000000000000\r\n${body}`)], want: "400\nclosed" },
  "a chunk size of 2^63": { sends: [post(chunked, `8000000000000000\r\n${body}`)], want: "open" },
  "a chunk size with a sign of hexadecimal": {
    sends: [post(chunked, `0x10\r\n${body}\r\n0\r\n\r\n`)],
    want: "400\nclosed",
  },
  "a chunk size with blanks": { sends: [post(chunked, `10 \r\n${body}\r\n0\r\n\r\n`)], want: "400\nclosed" },
  "a chunk longer than its size": { sends: [post(chunked, `f\r\n${body}\r\n0\r\n\r\n`)], want: "400\nclosed" },
  "a chunk that a bare line feed ends": { sends: [post(chunked, `10\n${body}\n0\n\n`)], want: "400\nclosed" },
  "a chunk extension": {
    sends: [post(chunked, `10;a=b\r\n${body}\r\n0\r\n\r\n`)],
    want: '400 { "error": "JSON Value: {\\n    \\"instances\\": []\\n} No values in \'instances\' array" }\nopen',
  },
  "a chunk extension of a megabyte": {
    sends: [post(chunked, `10;${"a".repeat(1024 * 1024)}\r\n${body}\r\n0\r\n\r\n`)],
    want: /^(?:413\n)?closed$/,
  },
  "a thousand chunks with extensions of a kilobyte": {
    sends: [post(chunked, `1;${"a".repeat(1000)}\r\n \r\n`.repeat(1000)), "0\r\n\r\n"],
    want: '400 { "error": "JSON Parse error: The document is empty. at offset: 1000" }\nopen',
  },
  "trailers that repeat a header": {
    sends: [post(chunked, `10\r\n${body}\r\n0\r\ncontent-length: 5\r\nhost: b\r\n\r\n`)],
    want: "400\nclosed",
  },
  "trailers of 100 KB": {
    sends: [post(chunked, `10\r\n${body}\r\n0\r\nx: ${"a".repeat(100_000)}\r\n\r\n`)],
    want: /^(?:431\n)?closed$/,
  },
  "ten thousand empty lines before a request": {
    sends: ["\r\n".repeat(10_000), smuggled],
    want: '404 { "error": "Could not find any versions of model smuggled" }\nopen',
  },
};
