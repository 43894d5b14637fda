import { expect, test } from "vitest";

import { requestText } from "../../../../operator/kube/http/request-text.ts";

const headers = { host: "a:1", accept: "application/json" };

test.each([
  {
    sentence: "a request without a body",
    request: { method: "GET", path: "/api/v1/pods?limit=1", headers },
    want: "GET /api/v1/pods?limit=1 HTTP/1.1\r\nhost: a:1\r\naccept: application/json\r\n\r\n",
  },
  {
    sentence: "a write without a body has content-length 0",
    request: { method: "POST", path: "/a", headers: {} },
    want: "POST /a HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
  },
  {
    sentence: "a body with its length in bytes",
    request: { method: "PATCH", path: "/a", headers: {}, body: '"ü"' },
    want: 'PATCH /a HTTP/1.1\r\ncontent-length: 4\r\n\r\n"ü"',
  },
] as const)("$sentence", ({ request, want }) => {
  expect(requestText(request)).toBe(want);
});

test("a binary body is sent unchanged", () => {
  const written = requestText({ method: "POST", path: "/a", headers: {}, body: Uint8Array.of(0xff, 0x00) });
  expect(Buffer.from(written).toString("latin1")).toBe("POST /a HTTP/1.1\r\ncontent-length: 2\r\n\r\n\u00ff\u0000");
});

test.each([
  { path: "/a b", headers: {}, want: 'the path "/a b" is not escaped' },
  { path: "/a\r\nx: y", headers: {}, want: 'the path "/a\\r\\nx: y" is not escaped' },
  {
    path: "/a",
    headers: { authorization: "Bearer a\r\nx: y" },
    want: "the header authorization contains a character that is not allowed in headers",
  },
])("nothing that would be another line: $want", ({ path, headers, want }) => {
  expect(() => requestText({ method: "GET", path, headers })).toThrow(want);
});
